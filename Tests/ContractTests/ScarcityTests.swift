import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Little of everything", .timeLimit(.minutes(1)))
    struct ScarcityTests {
        @Test("Few descriptors are one sentence, whatever the transport", arguments: [5, 6, 8, 10, 14])
        func descriptors(limit: Int) throws {
            for end in ["@ipc:///tmp/\(UniqueName.make())", "tcp://127.0.0.1:1"] {
                // The native engine needs fewer.
                let address = "zmq:\(end),engine=\(limit > 8 ? "libzmq" : "native")"
                let result = try sh(#"ulimit -n $N; exec mq send "$A" x --timeout 200ms"#, ["N": "\(limit)", "A": address])
                expectSentence(result, 2, "descriptors", "ulimit -n")
                #expect(!result.errorText.contains("apt-get"))
            }
        }

        /// Which limit is too little for libzmq differs from one start to the next: places in memory are drawn by lot.
        @Test("Little address space is one sentence, not an abort")
        func space() throws {
            let script = #"""
                for kb in $(seq 30000 6000 120000) $(seq 100000 250 106000); do
                    (ulimit -v $kb; exec mq send zmq:tcp://127.0.0.1:1,engine=libzmq x --timeout 50ms) 2> "$D/said"; echo "$? $(head -1 "$D/said")"
                done
                """#
            let lines = try sh(script).lines
            #expect(lines.contains { $0.hasPrefix("2 mq: ") && $0.contains("address space") }, "\(lines)")
            // Below what the system's loader needs, mq does not even begin.
            #expect(lines.allSatisfy { $0.hasPrefix("2 mq: ") || $0.hasPrefix("69 mq: ") || $0.hasPrefix("127 ") }, "\(lines)")
        }

        @Test("A message for which there is no memory is one sentence")
        func message() throws {
            let script = #"ulimit -v 700000; head -c 900M /dev/zero | mq send mem:q -w; echo ${PIPESTATUS[1]}"#
            let result = try sh(script)
            #expect(result.lines == ["2"], "\(result.text)")
            #expect(result.errorText.contains(/^mq: no memory for [0-9,]+ bytes\n$/), "\(result.errorText)")
            let file = try sh(#"truncate -s 900M "$D/f"; ulimit -v 700000; exec mq send mem:q -F files "$D/f""#)
            expectFailure(file, 2, "no memory for its 943,718,400 bytes")
        }
    }
}
