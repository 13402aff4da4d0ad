import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Little of everything", .timeLimit(.minutes(1)))
    struct ScarcityTests {
        @Test("Few descriptors are one sentence, whatever the transport", arguments: [5, 6, 8, 10, 14])
        func descriptors(limit: Int) throws {
            for address in ["zmq:@ipc:///tmp/\(UniqueName.make())", "zmq:tcp://127.0.0.1:1"] {
                let result = try sh(#"ulimit -n $N; exec mq send "$A" x --timeout 200ms"#, ["N": "\(limit)", "A": address])
                expectSentence(result, 2, "descriptors", "ulimit -n")
                #expect(!result.errorText.contains("apt-get"))
            }
        }

        @Test("Little address space is one sentence, not an abort", arguments: ["zmq:tcp://127.0.0.1:1"])
        func space(address: String) throws {
            // As much as the program has, and a little more.
            let script = #"""
                mq recv mem:q --timeout 5s & p=$!; sleep 0.1; kb=$(awk '/VmPeak/ { print $2 }' /proc/$p/status); kill $p; wait $p 2>/dev/null
                ulimit -v $((kb + 20000)); exec mq send "$A" x --timeout 200ms
                """#
            let result = try sh(script, ["A": address])
            expectSentence(result, 2, "address space")
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
