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

        @Test("Of a kind of queue, a private one is made", arguments: ["posix-mq:temp", "sysv:temp"])
        func temporary(address: String) throws {
            let result = try mq().run("check", address)
            #expect(result.status == 0 && result.text.contains("round-trip"), "\(result.text)\(result.errorText)")
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
                let critical = try run("--depth", "1,2")
                #expect(critical.status == 2 && critical.text.hasPrefix("MQ CRITICAL - "), "\(critical.text)")
                let unknown = try run("--depth", "nonsense")
                #expect(unknown.status == 3 && unknown.text.hasPrefix("MQ UNKNOWN - "), "\(unknown.text)")
                let missing = try mq().run("check", "nsq://127.0.0.1:\(try LoopbackSocket.freePort())/t", "--format", "nagios")
                #expect(missing.status == 2 && missing.text.contains("connection refused"), "\(missing.text)")
            }
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
            receiver.send(signal: SIGTERM)
            _ = try receiver.wait()
            let mock = try NSQStandIn()
            expectFailure(try mq().run("check", "zmq:tcp://127.0.0.1:\(mock.httpPort)"), 1, "HTTP")
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
