import Foundation
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Wrong usage, and the words for it", .serialized, .timeLimit(.minutes(1)))
    struct UsageTests {
        /// Every mistake with its status and what the sentence must say.
        struct Mistake: Sendable, CustomTestStringConvertible {
            var words: [String]
            var says: [String]
            init(_ words: String..., says: String...) {
                self.words = words
                self.says = says
            }
            var testDescription: String { "mq " + words.joined(separator: " ") }
        }

        @Test(
            "A mistake on the command line is one sentence and status 64",
            arguments: [
                Mistake("send", "posix-mg:/x", "m", says: "unknown scheme 'posix-mg:'", "did you mean posix-mq:?"),
                Mistake("recv", "kafka:x", says: "unknown scheme 'kafka:'", "posix-mq"),
                Mistake("recv", "/jobs", says: "'/jobs' is not an address", "posix-mq:/jobs"),
                Mistake("recv", "-", says: "standard output"),
                Mistake("recv", "", says: "not an address"),
                Mistake("recv", says: "address"),
                Mistake("send", says: "address"),
                Mistake("recv", "posix-mq:", says: "names no queue", "posix-mq:/name"),
                Mistake("recv", "posix-mq:/a/b", says: "one slash"),
                Mistake("recv", "posix-mq:/" + String(repeating: "x", count: 256), says: "256 bytes", "255"),
                Mistake("send", "posix-mq:/x,maxmg=1", "m", says: "maxmg", "maxmsg"),
                Mistake("send", "posix-mq:/x", "m", "-o", "maxmg=1", says: "maxmg", "maxmsg"),
                Mistake("create", "posix-mq:/x,maxmsg=many", says: "maxmsg", "many"),
                Mistake("create", "posix-mq:/x,maxmsg=0", says: "maxmsg", "0"),
                Mistake("create", "posix-mq:/x,maxmsg", says: "maxmsg"),
                Mistake("recv", "sysv:0x1,type=0", says: "type"),
                Mistake("recv", "sysv:0x1ffffffff", says: "32"),
                Mistake("recv", "sysv:zzz", says: "zzz"),
                Mistake("recv", "zmq:@ipc:///tmp/x,recv-hwn=1", says: "recv-hwn", "recv-hwm"),
                Mistake("recv", "zmq:@tcp://127.0.0.1:99999", says: "99999", "65535"),
                Mistake("recv", "zmq:pul:@tcp://127.0.0.1:5555", says: "pul"),
                Mistake("send", "zmq:pull:tcp://127.0.0.1:5555", "m", says: "pull"),
                Mistake("recv", "posix-mq:/x", "--tmeout", "1s", says: "--tmeout", "--timeout"),
                Mistake("recv", "posix-mq:/x", "--timeout", "soon", says: "--timeout 'soon'", "10s"),
                Mistake("recv", "posix-mq:/x", "-n", "0", says: "-n '0'"),
                Mistake("recv", "posix-mq:/x", "-n", "ten", says: "-n 'ten'"),
                Mistake("recv", "posix-mq:/x", "-F", "line", says: "'line' is not a framing", "lines"),
                Mistake("recv", "posix-mq:/x", "-F", "delim:", says: "delim:"),
                Mistake("recv", "posix-mq:/x", "-0", "-J", says: "twice"),
                Mistake("recv", "posix-mq:/x", "-f", "%s", "-J", says: "--format"),
                Mistake("recv", "posix-mq:/x", "-f", "%", says: "%%"),
                Mistake("recv", "posix-mq:/x", "-F", "files", says: "--out-dir"),
                Mistake("recv", "posix-mq:/x", "--ready-fd", "77", says: "--ready-fd 77"),
                Mistake("recv", "posix-mq:/x", "--ack", "maybe", says: "--ack 'maybe'", "after"),
                Mistake("recv", "posix-mq:/x", "--ack", "before", says: "posix-mq cannot acknowledge"),
                Mistake("recv", "posix-mq:/x", "extra", says: "extra"),
                Mistake("send", "posix-mq:/x", "-F", "files", says: "names of files"),
                Mistake("send", "posix-mq:/x", "m", "--rate", "fast", says: "--rate 'fast'", "2.5k"),
                Mistake("send", "posix-mq:/x", "m", "--rate", "0", says: "--rate '0'"),
                Mistake("send", "posix-mq:/x", "m", "--on-error", "skp", says: "--on-error 'skp'", "skip"),
                Mistake("send", "posix-mq:/x", "m", "--priority", "40000", says: "--priority", "32767"),
                Mistake("send", "sysv:0x1", "m", "--type", "0", says: "--type '0'"),
                Mistake("send", "posix-mq:/x", "m", "--log-format", "xml", says: "--log-format 'xml'"),
                Mistake("send", "posix-mq:/x", "m", "--color", "red", says: "--color 'red'"),
                Mistake("stat", "zmq:tcp://localhost:1", says: "zmq cannot look after queues"),
                Mistake("delete", "mem:", says: "mem"),
                Mistake("list", "zmq:", says: "zmq cannot list queues"),
                Mistake("transports", "sysw", says: "no transport 'sysw'", "sysv"),
                Mistake("completion", "tcsh", says: "tcsh"),
                Mistake("rcev", "posix-mq:/x", says: "rcev", "recv"),
                Mistake("--verison", says: "--verison"),
                Mistake("recv", "posix-mq:/x", "--time", "5s", says: "--time", "did you mean --timeout?"),
                Mistake("send", "posix-mq:/x", "-5", says: "-5", "behind --: mq send posix-mq:/x -- -5"),
                Mistake("send", "posix-mq:/x", "m", "--priority", "-1", says: "--priority '-1' is not a whole number from 0 to 32767"),
                Mistake("recv", "posix-mq:/x", "-n", "1", "-n", "2", says: "-n is given twice"),
                Mistake("recv", "posix-mq:/x", "--drain=yes", says: "--drain takes no value"),
                Mistake("recv", "posix-mq:/x", "--timeout", says: "--timeout"),
                Mistake("-q", "send", "posix-mq:/x", says: "the verb comes first"),
                Mistake("recv", "posix-mq:/x", "--peek", says: "as --peek asks", "mq stat posix-mq:/x shows how many there are"),
                Mistake("recv", "zmq:push:tcp://127.0.0.1:5555", says: "a push socket cannot receive; recv takes pull"),
                Mistake("send", "posix-mq:/x", "--repeat", "3", says: "mq send posix-mq:/x MESSAGE --repeat 3"),
                Mistake("stat", "posix-mq:/x", "5s", says: "mq stat posix-mq:/x --watch 5s"),
                Mistake("redrive", "sysv:0x1", says: "mq recv sysv:0x1 -J"),
                Mistake("bench", "compare", "a", says: "NEW is not given", "usage: mq bench compare OLD NEW"),
                Mistake("bench", "compare", "a", "b", "--fial-on", "x", says: "mq bench compare has no option --fial-on", "--fail-on?"),
                Mistake("bench", "compare", "a", "b", "--zzz", says: "mq bench compare --help lists them"),
            ])
        func mistakes(mistake: Mistake) throws {
            let result = try mq().run(mistake.words)
            expectFailure(result, 64, mistake.says)
            #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
            #expect(result.output.isEmpty)
            let json = try mq().run(mistake.words + ["--error-format", "json"])
            #expect(json.status == 64)
            let object = try jsonObject(json.errorText)
            #expect(object["code"] as? Int == 64)
            #expect((object["message"] as? String)?.isEmpty == false)
        }

        @Test(
            "recv --peek is refused where a message cannot be shown without taking it", arguments: ContractSubject.all.filter { !$0.peeks })
        func peekRefused(subject: ContractSubject) throws {
            let address = subject.missing?() ?? "zmq:@ipc:///absent"
            expectSentence(try mq().run("recv", address, "--peek"), 64, "\(subject.transport) cannot show a message without taking it")
        }

        @Test(
            "recv --until-closed is refused where the last sender's going is not seen",
            arguments: ContractSubject.all.filter { !$0.tellsClosed })
        func untilClosedRefused(subject: ContractSubject) throws {
            expectSentence(try mq().run("recv", subject.missing!(), "--until-closed"), 64, "last sender", "--timeout")
        }

        @Test("A queue that does not exist is status 66 for every verb, and nothing is created", arguments: ContractSubject.administered)
        func missingQueue(subject: ContractSubject) throws {
            let address = subject.missing!()
            let uses = [["send", address, "x"], ["recv", address], ["recv", address, "--drain"]]
            for words in (subject.needsCreation ? uses : []) + [["stat", address], ["delete", address], ["purge", address]] {
                let result = try mq().run(words)
                expectSentence(result, 66, "\(address): \(subject.missingWords)")
                let json = try jsonObject(try mq().run(words + ["--error-format=json"]).errorText)
                #expect(json["code"] as? Int == 66)
                #expect(json["kind"] as? String == "no-such-queue")
                #expect(json["address"] as? String == address)
            }
            #expect(!(try mq().run("list", try subject.place(), "--json").text.contains(address)))
        }

        @Test("An address with hundreds of options does not bury what is said about it")
        func longAddress() throws {
            let words = ["recv", "zmq:sub:tcp://127.0.0.1:9" + (0..<999).map { ",subscribe=topic\($0)" }.joined(), "--timeout", "0"]
            let result = try mq().run(words)
            expectFailure(result, 69, "mq: zmq:sub:tcp://127.0.0.1:9,subscribe=topic0,", "…", ",subscribe=topic998: no peer is connected")
            #expect(result.errorText.count < 500)
            let json = try jsonObject(try mq().run(words + ["--error-format=json"]).errorText)
            #expect(json["address"] as? String == words[1])
        }

        @Test("Counts have their plural and their separators, and a wait of no time is not spoken of")
        func counts() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                expectSentence(try mq().run("recv", queue.recv, "--timeout", "0"), 1, "\(queue.recv): no message")
                let none = try mq().run("recv", queue.recv, "--timeout", "0", "-n", "1")
                expectSentence(none, 1, "0 of 1 message received")
                #expect(!none.errorText.contains("waited") && !none.errorText.contains("0ns"))
                expectFailure(
                    try mq().run("send", queue.send, String(repeating: "x", count: 2000)), 65,
                    "0 sent of 1 message; the first not sent is message 1")
                let many = try mq().run("send", queue.send, "--timeout", "0", input: .bytes(numberedLines(5000)))
                expectFailure(many, 75, "10 sent of 5,000 read; the first not sent is record 11")
            }
        }

        @Test("--format says once what the transport has nothing for")
        func emptyFields() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a", "b", "c"))
                let result = try mq().run("recv", queue.recv, "--drain", "-f", "%T%D{%s}%h{x}%T%p%s\\n")
                expectSuccess(result)
                #expect(result.lines == ["0a", "0b", "0c"])
                #expect(result.errorText == "mq: posix-mq has nothing for %T, %D{%s}, %h{x}: what is printed is empty there\n")
            }
            #expect(try mq().run("recv", "mem:q", "--timeout", "0", "-f", "%T%a%h{x}").errorText.contains("nothing for") == false)
        }

        @Test("--out-dir in a folder that is not there names that folder")
        func missingFolder() throws {
            let result = try sh(#"cd "$D"; mq recv mem:q --drain --out-dir a/b/c; mq recv mem:q --drain -F files --out-dir a/b/c"#)
            #expect(result.status == 73)
            #expect(result.errorText.ranges(of: "a/b/c: there is no folder a/b (mkdir -p a/b)").count == 2, "\(result.errorText)")
        }

        @Test("JSON lines: what is no key of a message is said once, with the nearest; a pretty-printed record and a mark have sentences")
        func jsonInput() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let typo = try mq().run("send", queue.send, "-J", input: .text("{\"body\":\"a\",\"typ\":3}\n{\"typ\":1,\"body\":\"b\"}\n"))
                expectSuccess(typo)
                #expect(typo.errorText == "mq: record 1 has \"typ\", which is not a key of a message: ignored (did you mean \"type\"?)\n")
                let word = try mq().run("send", queue.send, "-J", #"{"body":"a","typ":3}"#)
                #expect(word.status == 0 && word.errorText.contains("message 1 has \"typ\""))
                let pretty = try mq().run("send", queue.send, "-J", input: .text("{\n  \"body\": \"a\"\n}\n"))
                expectFailure(
                    pretty, 65, "record 1: the line ends within its JSON, and a JSON record is one line (jq -c . puts each on one line)")
                let marked = try mq().run("send", queue.send, "-J", input: .bytes([0xef, 0xbb, 0xbf] + utf8("{\"body\":\"a\"}\n")))
                expectFailure(marked, 65, "record 1: a byte-order mark stands before the JSON")
                let twice = try mq().run("send", queue.send, "-J", input: .text(#"{"body":"a","priority":1,"priority":2}"#))
                expectFailure(twice, 65, "record 1: the JSON record has \"priority\" twice")
            }
        }

        @Test("A question mark and ampersands are understood and printed as commas")
        func queryAlias() throws {
            let result = try mq().run("explain", "posix-mq:/x?maxmsg=5&msgsize=1k")
            expectSuccess(result)
            #expect(result.text.contains("posix-mq:/x,maxmsg=5,msgsize=1k"))
            #expect(!result.text.contains("?"))
        }
    }
}
