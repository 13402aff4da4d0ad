import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq check`: a message there and back, and what each format makes of it.
    @Suite("check", .serialized, .timeLimit(.minutes(2)))
    struct CheckTests {
        @Test("A queue that works is status 0, and nothing is left in it", arguments: ContractSubject.holding)
        func works(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let result = try mq().run("check", queue.recv)
                #expect(result.status == 0 && result.text.contains("round-trip"), "\(result.text)\(result.errorText)")
                let inPlace = try mq().run("check", queue.recv, "--in-place", "--depth", "0")
                #expect(inPlace.status == 0 && inPlace.errorText.contains("in place") == false, "\(inPlace.text)\(inPlace.errorText)")
                #expect(inPlace.errorText.contains("the queue itself"))
                expectSuccess(try mq().run("wait", queue.recv, "--for", "empty", "--timeout", "5s"))
            }
        }

        @Test("Of a kind of queue, a private one is made", arguments: ["posix-mq:temp", "posix-mq:", "sysv:", "zmq:", "zmq:pair:"])
        func temporary(address: String) throws {
            let result = try mq().run("check", address)
            #expect(result.status == 0 && result.text.contains("in a private queue"), "\(result.text)\(result.errorText)")
            expectSentence(try mq().run("check", address, "--depth", "5"), 64, "names none")
        }

        @Test("Two sockets in one program do not wait for each other", arguments: ["zmq:", "zmq:pair:"])
        func sockets(address: String) throws {
            let took = try shortest(enough: .milliseconds(40)) {
                let start = ContinuousClock.now
                expectSuccess(try mq().run("check", address))
                return .now - start
            }
            // Each of them would wait for 50 ms.
            #expect(took < .milliseconds(90))
        }

        @Test("Of a broker, too, which is asked first")
        func temporaryAtBroker() throws {
            let words =
                "for address in nsq: nsq://$MQ_NSQ sqs: sqs:.fifo sqs:,visibility=5s; do mq check $address || echo $address fails; done"
            let result = try sh(with: "mock:sqs mock:nsq", "\(words); mq list sqs:; mq list nsq:")
            #expect(result.status == 0 && !result.text.contains("fails"), "\(result.text)\(result.errorText)")
            #expect(result.lines.count { $0.contains("in a private queue") } == 5 && result.lines.count { $0.contains("  up  ") } == 5)
            // The queues of mq with itself, one of them with its channel.
            #expect(result.lines.count { $0.contains("mq-with-") } == 3, "\(result.text)")
        }

        @Test("Brokers that nsqlookupd names are asked, and their numbers are; nothing is sent to whichever comes first")
        func lookup() throws {
            let result = try sh(with: "mock:nsq", "mq create nsq:t/c; mq check nsqlookup://$NSQLOOKUPD_HTTP/t/c --depth 0 --format json")
            let checks = try #require(try jsonObject(result.text)["checks"] as? [[String: Any]])
            #expect(checks.compactMap { $0["name"] as? String } == ["up", "depth"], "\(result.errorText)")
            #expect(result.errorText.contains("no message is sent"), "\(result.errorText)")
        }

        @Test("A queue that is full of others' messages is not used in place, and its depth is compared")
        func depth() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a", "b", "c"))
                expectFailure(try mq().run("check", queue.recv, "--in-place", "-q"), 1, "there are 3 messages")
                for (range, status) in [("3", 0), ("2", 1), ("2,5", 0), ("1,2", 1), ("5:", 1), ("@3:4", 1), ("10,2", 0), ("10,5", 1)] {
                    let result = try mq().run("check", queue.recv, "--depth", range)
                    #expect(result.status == Int32(status), "\(range): \(result.text)")
                }
                expectSuccess(try mq().run("expect", queue.recv, "--eq", "a", "--eq", "b", "--eq", "c"))
            }
        }

        @Test("Nagios has its own statuses, and a line with figures")
        func nagios() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a", "b", "c"))
                func run(_ words: String...) throws -> ProgramResult {
                    try mq().run(["check", queue.recv, "--format", "nagios"] + words)
                }
                let good = try run("--depth", "5,9", "--warn", "5s", "--crit", "10s")
                #expect(good.status == 0 && good.lines.count == 1 && good.text.hasPrefix("MQ OK - "), "\(good.text)")
                #expect(good.text.contains(/'round-trip'=[0-9.]+s;5;10;0/) && good.text.contains("'depth'=3;5;9;0"), "\(good.text)")
                let warning = try run("--depth", "2,9")
                #expect(warning.status == 1 && warning.text.hasPrefix("MQ WARNING - "), "\(warning.text)")
                let slow = try run("--crit", "1ns")
                #expect(
                    slow.status == 2 && slow.text.contains(/private queue, after [0-9.]+[a-z]+ \|.*;~:;0.000000001;0\n/), "\(slow.text)")
                let critical = try run("--depth", "1,2")
                #expect(critical.status == 2 && critical.text.hasPrefix("MQ CRITICAL - "), "\(critical.text)")
                for words in [["--depth", "nonsense"], ["--output", "/nonexistent/file"]] {
                    let unknown = try mq().run(["check", queue.recv, "--format", "nagios"] + words)
                    #expect(unknown.status == 3 && unknown.text.hasPrefix("MQ UNKNOWN - ") && unknown.errorText.isEmpty, "\(unknown.text)")
                }
                let missing = try mq().run("check", "nsq://127.0.0.1:\(try LoopbackSocket.freePort())/t", "--format", "nagios")
                #expect(missing.status == 2 && missing.text.contains("connection refused"), "\(missing.text)")
            }
        }

        @Test(
            "What the parser refuses is unknown to Nagios, too, wherever it stands",
            arguments: [
                "--format nagios --foo posix-mq:/x", "posix-mq:/x --foo --format=nagios", "--format nagios", "--warn soon --format nagios",
                "posix-mq:/x --format nagios extra", "posix-mq:/x --format json --format nagios", "posix-mq:/x --timeout --format nagios",
                "posix-mq:/x --format nagios -- y", "nonsense:/x --format nagios --error-format json",
            ])
        func refused(line: String) throws {
            let result = try mq().run(["check"] + line.split(separator: " ").map(String.init))
            #expect(result.status == 3 && result.errorText.isEmpty, "\(result.errorText)")
            #expect(result.lines.count == 1 && result.text.contains(/^MQ UNKNOWN - .+\n$/), "\(result.text)")
        }

        @Test(
            "Other formats keep the usual status",
            arguments: ["posix-mq:/x --foo --format json", "posix-mq:/x --format nag", "-- --format nagios"])
        func refusedOtherwise(line: String) throws {
            expectSentence(try mq().run(["check"] + line.split(separator: " ").map(String.init)), 64)
        }

        @Test("Each format is what others read")
        func formats() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let json = try jsonObject(try mq().run("check", queue.recv, "--format", "json").text)
                #expect(json["status"] as? String == "ok" && (json["checks"] as? [[String: Any]])?.count == 2)
                let tap = try mq().run("check", queue.recv, "--format", "tap").lines
                #expect(tap.starts(with: ["TAP version 14", "1..2", "ok 1 - up"]), "\(tap)")
                let metrics = try mq().run("check", queue.recv, "--format", "prometheus", "--depth", "5").text
                for line in metrics.split(separator: "\n") where !line.hasPrefix("#") {
                    #expect(line.contains(/^[a-z_]+\{.+\} [0-9.]+$/), "\(line)")
                }
                #expect(metrics.contains("# TYPE mq_check_success gauge") && metrics.contains("mq_check_value{"))
                let xml = try sh(
                    #"mq check "$R<&" --format junit --output $D/x.xml; echo $?; python3 -c 'import sys, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); print(r.tag, r.get("tests"), r.get("failures"))' $D/x.xml; ls $D"#,
                    ["R": "posix-mq:/absent"])
                #expect(xml.lines == ["1", "testsuite 1 1", "x.xml"], "\(xml.text)\(xml.errorText)")
            }
        }

        @Test("A ZeroMQ peer says what it is, and what it is not")
        func zmq() throws {
            let port = try LoopbackSocket.freePort()
            let receiver = try startOpen(["recv", "zmq:@tcp://127.0.0.1:\(port)"])
            let result = try mq().run("check", "zmq:push:tcp://127.0.0.1:\(port)")
            #expect(result.status == 0, "\(result.errorText)")
            for word in ["mechanism NULL", "socket type PULL", "zmtp 3."] { #expect(result.text.contains(word), "\(result.text)") }
            expectFailure(try mq().run("check", "zmq:sub:tcp://127.0.0.1:\(port)"), 1, "is a PULL socket", "wants PUB")
            // No message is sent, so that the time is the answer's.
            #expect(try mq().run("check", "zmq:push:tcp://127.0.0.1:\(port)", "--crit", "1ns").status == 1)
            receiver.send(signal: SIGTERM)
            _ = try receiver.wait()
            let mock = try NSQStandIn()
            expectFailure(try mq().run("check", "zmq:tcp://127.0.0.1:\(mock.httpPort)"), 1, "HTTP")
        }

        @Test("A ZeroMQ peer that wants keys is up only for those who have them")
        func security() throws {
            let script = """
                cd $D; mq keygen server >/dev/null
                mq recv zmq:@ipc://feed,curve-server,secret-key=server_secret --ready-fd 3 3>ready & reader=$!
                while ! [ -s ready ]; do sleep 0.01; done
                mq check zmq:ipc://feed,server-key=server; echo $?
                mq check zmq:ipc://feed 2>/dev/null; echo $?
                mq wait zmq:ipc://feed --for up --timeout 20ms; echo $?
                kill $reader; wait $reader
                """
            let result = try sh(script)
            #expect(result.lines.count == 5 && result.lines[0].contains("mechanism CURVE") && result.lines[1] == "0", "\(result.text)")
            #expect(result.lines[2].contains("wants CURVE, and this end has none") && result.lines[3...] == ["1", "1"], "\(result.text)")
        }

        @Test("Ranges that do not parse show their place, and so does what the queue does not tell")
        func badInput() throws {
            expectSentence(try mq().run("check", "posix-mq:/x", "--depth", "1,x"), 64, "character 3")
            expectSentence(try mq().run("check", "posix-mq:/x", "--depth", "5:1"), 64, "character 1", "ends before it begins")
            expectSentence(try mq().run("check", "posix-mq:/x", "--depth", "1,2,3"), 64, "two ranges")
            expectSentence(try mq().run("check", "posix-mq:/x", "--warn", "2s", "--crit", "1s"), 64, "--crit")
            expectSentence(try mq().run("check", "posix-mq:/x", "--in-place", "--format", "yaml"), 64, "yaml")
            try ContractSubject.posixMQ.withQueue { queue in
                expectSentence(try mq().run("check", queue.recv, "--age", "5m"), 64, "age")
            }
        }

        @Test("The whole check of a kernel's queue is quick")
        func quick() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                try expectPrompt("check", within: .milliseconds(150)) { try mq().run("check", queue.recv).duration }
            }
        }
    }
}
