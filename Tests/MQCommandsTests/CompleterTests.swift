import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct CompleterTests {
    private let completer = Completer(
        tables: Verbs.tables,
        queues: { scheme in [.init("\(scheme):/jobs", "3 messages"), .init("\(scheme):/mail"), .init("\(scheme):temp")] },
        aliases: { ["work", "jobs"] },
        files: { beginning in ["/etc/app.conf", "/etc/ssl/"].filter { $0.hasPrefix(beginning) } })

    private func words(_ line: String...) -> [String] {
        guard case .words(let candidates, _) = completer.answer(line.dropLast(), current: line.last!) else { return ["not words"] }
        return candidates.map(\.word)
    }

    private func continues(_ line: String...) -> Bool {
        guard case .words(_, let continues) = completer.answer(line.dropLast(), current: line.last!) else { return false }
        return continues
    }

    @Test func verbsThatAPersonIsToldOf() {
        #expect(words("se") == ["send", "serve"])
        #expect(
            words("") == [
                "send", "recv", "request", "exec", "post", "bridge", "serve", "proxy", "wait", "check", "expect", "with", "mock", "list",
                "stat",
                "create", "delete",
                "purge", "pause", "unpause", "redrive", "keygen",
                "bench", "transports", "explain", "completion", "help", "version",
            ])
        #expect(words("help", "pu") == ["purge"])
        #expect(words("help", "bench", "") == ["compare", "report"])
        #expect(words("bench", "co") == ["compare"])
        #expect(words("nonsense", "") == [])
    }

    @Test func optionsOfTheVerb() {
        #expect(words("send", "--fr") == ["--framing", "--frames"])
        #expect(words("recv", "--dr") == ["--drain"])
        #expect(words("send", "--dr") == [])
        #expect(words("send", "mem:q", "-F").contains("-F"))
        #expect(words("recv", "--").allSatisfy { $0.hasPrefix("--") })
    }

    @Test func valuesOfOptions() {
        #expect(words("send", "-F", "") == ["lines", "nul", "delim:", "len32", "netstring", "whole", "jsonl", "files"])
        #expect(words("send", "-F", "n") == ["nul", "netstring"])
        #expect(words("send", "--framing=n") == ["--framing=nul", "--framing=netstring"])
        #expect(words("recv", "--ack", "") == ["after", "before", "never"])
        #expect(words("recv", "--ack=b") == ["--ack=before"])
        #expect(words("send", "--color", "a") == ["auto", "always"])
        #expect(words("send", "--timeout", "") == [])
        #expect(words("send", "--retry", "") == ["forever"])
        #expect(words("recv", "mem:q", "--dead-letter", "po") == ["posix-mq:"])
        #expect(words("redrive", "mem:q", "--to=sys") == ["--to=sysv:"])
        #expect(continues("send", "-F", "del"))
    }

    @Test func schemesAndAliases() {
        #expect(words("send", "po") == ["posix-mq:"])
        #expect(continues("send", "po"))
        #expect(words("send", "").starts(with: Registry.descriptors.flatMap(\.schemes).map { $0 + ":" }))
        #expect(words("send", "").suffix(2) == ["@jobs", "@work"])
        #expect(words("send", "@w") == ["@work"])
    }

    @Test func queuesThatAreThere() {
        #expect(words("send", "posix-mq:") == ["posix-mq:/jobs", "posix-mq:/mail", "posix-mq:temp"])
        #expect(words("send", "posix-mq:/j") == ["posix-mq:/jobs"])
        // The person may have left out the slash.
        #expect(words("send", "posix-mq:j") == ["posix-mq:jobs"])
        #expect(!continues("send", "posix-mq:/j"))
    }

    @Test func optionsOfTheAddress() {
        #expect(words("send", "posix-mq:/q,maxm") == ["posix-mq:/q,maxmsg="])
        #expect(continues("send", "posix-mq:/q,maxm"))
        #expect(words("send", "posix-mq:/q,maxmsg=3,mo") == ["posix-mq:/q,maxmsg=3,mode="])
        #expect(words("send", "posix-mq:/q,cre") == ["posix-mq:/q,create"])
        #expect(words("send", "posix-mq:/q,create=") == ["posix-mq:/q,create=yes", "posix-mq:/q,create=no"])
        #expect(words("send", "posix-mq:/q", "-o", "maxm") == ["maxmsg="])
        #expect(words("send", "-o", "maxm") == [])
    }

    @Test func pathsInsideOfAWord() {
        #expect(words("send", "zmq:tcp://h:1,server-key=/etc/a") == ["zmq:tcp://h:1,server-key=/etc/app.conf"])
        #expect(words("send", "zmq:tcp://h:1", "-o", "server-key=/etc/") == ["server-key=/etc/app.conf", "server-key=/etc/ssl/"])
        #expect(words("recv", "zmq:pull:@ipc:///etc/s") == ["zmq:pull:@ipc:///etc/ssl/"])
        #expect(continues("recv", "zmq:pull:@ipc:///etc/s"))
        #expect(words("send", "zmq:ipc:///x,ipc:///etc/a") == ["zmq:ipc:///x,ipc:///etc/app.conf"])
        #expect(words("send", "sysv:/etc/a") == ["sysv:/etc/app.conf"])
        #expect(words("send", "sysv:/etc/app.conf,pro") == ["sysv:/etc/app.conf,proj="])
        #expect(words("send", "posix-mq:/etc/a") == [])
    }

    @Test func aLoneDashBeginsAnOption() {
        #expect(words("-") == ["--help", "--version"])
        #expect(words("--v") == ["--version"])
        #expect(words("recv", "-").contains("--drain") && words("recv", "-").contains("-n"))
    }

    @Test func operandsBehindTheAddress() {
        #expect(words("send", "mem:q", "") == [])
        #expect(words("completion", "") == ["bash", "zsh", "fish"])
        #expect(words("transports", "z") == ["zmq"])
        #expect(words("transports", "zmq", "") == [])
        // The value of an option is no address.
        #expect(words("send", "--rate", "1k", "po") == ["posix-mq:"])
    }

    @Test(arguments: [["send", "mem:q", "-F", "files"], ["send", "mem:q", "--framing=files"], ["send", "--framing", "files", "mem:q"]])
    func filesWhereFilesAreSent(before: [String]) {
        guard case .files = completer.answer(before, current: "x") else {
            Issue.record("no files")
            return
        }
    }

    @Test func programsBehindDashes() {
        let completer = Completer(tables: [ArgumentParserTests.running], queues: { _ in [] }, aliases: { [] })
        guard case .programs = completer.answer(["run", "mem:q", "u", "-n", "3", "--"], current: "gr"),
            case .files = completer.answer(["run", "mem:q", "u", "--", "grep"], current: "-x")
        else {
            Issue.record("no programs, or no files behind one")
            return
        }
    }

    @Test func foldersForTheOutput() {
        guard case .folders = completer.answer(["recv", "mem:q", "--out-dir"], current: "") else {
            Issue.record("no folders")
            return
        }
    }
}
