import Glibc
import MQTesting
import Testing

extension MessageContract {
    @Suite("Streaming", .serialized, .timeLimit(.minutes(1)))
    struct StreamTests {
        @Test("A message is shown as soon as it comes", arguments: ContractSubject.all)
        func flushed(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv])
                let sender = try startOpen(["send", queue.send], input: .open)
                for number in 1...5 {
                    try sender.give("\(number)\n")
                    try receiver.waitForLines(number, timeout: .seconds(2))
                }
                #expect(try sender.wait().status == 0)
                receiver.send(signal: SIGTERM)
                #expect(try receiver.wait().text == "1\n2\n3\n4\n5\n")
            }
        }

        @Test("Many lines through a pipe are exact", arguments: ContractSubject.all)
        func manyLines(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    seq "$N" > "$D/in"; mq recv "$R" -n "$N" | cat > "$D/out" & mq send "$S" < "$D/in" || exit 9
                    wait; cmp <("$ORDER" "$D/in") <("$ORDER" "$D/out")
                    """
                let words = ["S": queue.send, "R": queue.recv, "N": "\(subject.stream)", "ORDER": subject.keepsOrder ? "cat" : "sort"]
                expectSuccess(try sh(script, words))
            }
        }

        @Test("Two senders and two receivers share a queue: every message once", arguments: ContractSubject.holding)
        func shared(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    mq recv "$R" --timeout 1s -q > "$D/1" 2> /dev/null & mq recv "$R" --timeout 1s -q > "$D/2" 2> /dev/null &
                    seq 1 2 10000 | mq send "$S" & a=$!; seq 2 2 10000 | mq send "$S" || exit 9; wait $a || exit 8; wait
                    sort -n "$D/1" "$D/2" | cmp - <(seq 10000)
                    """
                expectSuccess(try sh(script, ["S": queue.send, "R": queue.recv]))
            }
        }

        @Test("Memory does not grow with the input: 3,000,000 lines in 20 MB", arguments: ["mem:", "posix-mq"])
        func memory(address: String) throws {
            let lines = address == "mem:" ? 3_000_000 : 300_000
            let line = "yes 'a line of a hundred bytes or so, as they are usual in what is sent by people who send lines' | head -\(lines)"
            if address == "mem:" {
                #expect(try peakOfSending(line, to: address) <= 20_000)
            } else {
                try ContractSubject.posixMQ.withQueue { queue in
                    let kilobytes = try peakOfSending(line, to: queue.send, receiver: "mq recv '\(queue.recv)' -n \(lines)")
                    #expect(kilobytes <= 20_000)
                }
            }
        }

        @Test("A sender of large messages is no more than a few of them ahead of a receiver that reads")
        func largeMessages() throws {
            try ContractSubject.zmqIPC.withQueue { queue in
                let lines = #"yes "$(head -c 65000 /dev/zero | tr '\0' x)" | head -2000"#
                let kilobytes = try peakOfSending(lines, to: queue.send, receiver: "mq recv '\(queue.recv)' -n 2000")
                #expect(kilobytes <= 30_000)
            }
        }

        /// The most memory, in kB, that `mq send` had while it read what a command writes.
        private func peakOfSending(_ command: String, to address: String, receiver: String = ":") throws -> Int {
            // The peak that wait4(2) tells includes what the process was before exec(2), this test's own; the kernel's does not.
            let script = """
                \(receiver) > /dev/null &
                { \(command); sleep 0.7; } | mq send '\(address)' &
                for i in $(seq 200); do grep -h VmHWM /proc/$!/status 2> /dev/null || break; sleep 0.05; done | tail -1; wait
                """
            let result = try sh(script)
            expectSuccess(result)
            return try #require(result.text.firstMatch(of: /VmHWM:\s+([0-9]+) kB/).flatMap { Int($0.1) }, "\(result.text)")
        }

        @Test("A record longer than the limit by far takes no memory")
        func hugeRecord() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                // An address space of 400 MB would not hold a record of 600 MB.
                let script = #"ulimit -v 400000; head -c 600000000 /dev/zero | mq send "$S""#
                let result = try sh(script, ["S": queue.send])
                expectFailure(result, 65, "record 1: 600,000,000 bytes exceed this queue's limit of 1,024 bytes")
            }
        }
    }
}
