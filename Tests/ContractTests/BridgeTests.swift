import Glibc
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// `mq bridge` as a person at a shell has it: between any two kinds of queues, through kills and broken connections.
    @Suite("A bridge moves every message, or leaves it where it is", .timeLimit(.minutes(5)))
    struct BridgeTests {
        private static let total = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) }.map { min($0, 100_000) } ?? 200
        private static let ends = ContractSubject.all.filter { $0.name != "zmq over tcp" }

        @Test("Numbered messages arrive exactly, from each kind of queue to each", arguments: ends, ends)
        func everyPair(from: ContractSubject, to: ContractSubject) throws {
            try from.withQueue { source in
                try to.withQueue { destination in
                    let script = """
                        mq recv "$TR" -n $N > "$D/out" & r=$!
                        mq bridge "$FR" "$TS" -n $N 2> "$D/err" & b=$!
                        seq $N | mq send "$FS" && wait $b; echo $?; wait $r; sort -n "$D/out" | cmp - <(seq $N) && tail -1 "$D/err"
                        grep -o 'at most once' "$D/err"
                        """
                    let words = [
                        "FS": source.send, "FR": source.recv, "TS": destination.send, "TR": destination.recv, "N": "\(Self.total)",
                    ]
                    let result = try sh(script, words, timeout: .seconds(120))
                    #expect(result.lines.first == "0", "\(result.text)\(result.errorText)")
                    #expect(result.text.contains("mq: \(grouped(Self.total)) forwarded"), "\(result.text)\(result.errorText)")
                    #expect(result.text.contains("at most once") == !from.acknowledges)
                    if from.holds && from.countsExactly {
                        #expect(try mq().run("recv", source.recv, "--timeout", "0").status == 1)
                    }
                }
            }
        }

        private func grouped(_ number: Int) -> String {
            number < 1000 ? "\(number)" : "\(number / 1000),\(String(number % 1000 + 1000).dropFirst())"
        }

        /// nsq to sqs and back: brokers that give again what a dead receiver held.
        @Test("mq killed with -9 again and again loses nothing", arguments: [(ContractSubject.nsq, ContractSubject.sqs), (.sqs, .nsq)])
        func killed(from: ContractSubject, to: ContractSubject) throws {
            try from.withQueue { source in
                try to.withQueue { destination in
                    let count = max(2000, Self.total)
                    let script = """
                        seq $N | mq send "$FS"
                        for i in 1 2 3; do
                            mq bridge "$FR$I" "$TS" --rate 2k 2> "$D/err" & b=$!
                            until [ "$(mq stat "$TR" --json | grep -o '"messages":[0-9]*' | tail -1 | cut -d: -f2)" -gt $((i * 100)) ]; do sleep 0.05; done
                            kill -9 $b; wait $b
                        done 2> /dev/null
                        mq bridge "$FR$I" "$TS" --timeout 3s 2> "$D/err"
                        mq recv "$TR" --drain | sort -nu | cmp - <(seq $N) && echo all
                        """
                    let words = [
                        "FS": source.send, "FR": source.recv, "TS": destination.send, "TR": destination.recv, "N": "\(count)",
                        "I": from.impatience,
                    ]
                    let result = try sh(script, words, timeout: .seconds(180))
                    #expect(result.lines.last == "all", "\(result.text)\(result.errorText)")
                }
            }
        }

        @Test("Connections cut on both sides in turn lose nothing")
        func cutConnections() throws {
            let source = try NSQStandIn(), destination = try NSQStandIn()
            defer {
                source.stop()
                destination.stop()
            }
            let count = max(3000, Self.total)
            // What a connection held that is gone comes again after its time.
            let from = "nsq://127.0.0.1:\(source.tcpPort)/q/c,http-port=\(source.httpPort),heartbeat=1s,msg-timeout=1s"
            let to = "nsq://127.0.0.1:\(destination.tcpPort)/q"
            expectSuccess(try mq().run("create", from))
            expectSuccess(try mq().run("create", "\(to)/c,http-port=\(destination.httpPort)"))
            source.publish((1...count).map { utf8("\($0)") }, to: "q")
            let bridge = try mq().start(["bridge", from, to, "--rate", "\(count)", "-v"])
            for round in 0..<4 {
                let before = destination.state("q", "c")?.depth ?? 0
                try bridge.wait(until: { _ in (destination.state("q", "c")?.depth ?? 0) > min(before + 50, count - 1) })
                (round % 2 == 0 ? destination : source).cutConnections()
            }
            try bridge.wait(until: { _ in source.state("q", "c").map { $0.depth + $0.inFlight } == 0 }, timeout: .seconds(60))
            bridge.send(signal: SIGTERM)
            let result = try bridge.wait()
            #expect(result.ending == .signalled(SIGTERM), "\(result.errorText)")
            #expect(result.errorText.contains(/[1-9][0-9]* reconnects in/), "\(result.errorText)")
            let arrived = try mq().run("recv", "\(to)/c,http-port=\(destination.httpPort)", "--timeout", "1s")
            #expect(Set(arrived.lines).count == count, "\(result.errorText)")
        }

        @Test("A destination that was never connected is said, and joins when it comes")
        func neverConnected() throws {
            let first = try NSQStandIn()
            let port = first.tcpPort
            first.stop()
            try ContractSubject.posixMQ.withQueue { source in
                expectSuccess(try mq().run("send", source.send, "a", "b"))
                let bridge = try mq().start(["bridge", source.recv, "nsq://127.0.0.1:\(port)/q", "-n", "2"])
                try bridge.waitForError("never connected since")
                #expect(bridge.errorText.contains("destination nsq://127.0.0.1:\(port)/q: never connected since"))
                #expect(bridge.errorText.contains("next try in"))
                let late = try NSQStandIn(tcpPort: port)
                defer { late.stop() }
                let result = try bridge.wait()
                expectSuccess(result)
                #expect(result.errorText.contains("connected after") && late.depth(of: "q") == 2, "\(result.errorText)")
            }
        }

        @Test("A signal ends a bridge whose destination is full or gone, and what it held is back", arguments: [SIGINT, SIGTERM])
        func signalled(signal: Int32) throws {
            let broker = try NSQStandIn()
            defer { broker.stop() }
            let address = "nsq://127.0.0.1:\(broker.tcpPort)/q/c,http-port=\(broker.httpPort)"
            expectSuccess(try mq().run("create", address))
            broker.publish((1...300).map { utf8("\($0)") }, to: "q")
            try ContractSubject.posixMQ.withQueue { full in
                let bridge = try mq().start(["bridge", address, full.send])
                try bridge.waitForError("waiting: the queue is full")
                bridge.send(signal: signal)
                let result = try bridge.wait(timeout: .seconds(5))
                #expect(result.ending == .signalled(signal), "\(result.errorText)")
                let moved = try mq().run("recv", full.recv, "--timeout", "0").lines.count
                #expect(broker.state("q", "c").map { $0.depth + $0.inFlight } == 300 - moved && moved >= 10)
            }
        }

        @Test("What one request takes goes in one: a hundred of each for a thousand messages")
        func requests() throws {
            let broker = try SQSStandIn()
            defer { broker.stop() }
            for queue in ["a", "b"] { broker.createQueue(queue) }
            let options = ",endpoint=\(broker.endpoint),region=us-east-1"
            _ = try mq().run(["send", "sqs:a\(options)"], input: .bytes(numberedLines(1000)))
            let before = broker.requests
            expectSuccess(try mq().run("bridge", "sqs:a\(options)", "sqs:b\(options)", "-n", "1000"))
            let after = broker.requests
            for name in ["ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"] {
                let count = (after[name] ?? 0) - (before[name] ?? 0)
                #expect(count <= 100, "\(count) \(name)")
            }
            #expect(broker.bodies(in: "b")?.count == 1000 && broker.bodies(in: "a")?.isEmpty == true && broker.inFlight(in: "a") == 0)
        }
    }
}
