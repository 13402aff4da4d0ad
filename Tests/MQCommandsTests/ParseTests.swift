import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct ParseTests {
    private func parse(_ words: String...) throws -> Arguments { try Program.parse(words).words }

    @Test func send() throws {
        let words = try parse(
            "send", "mem:q", "a", "b", "-F", "nul", "-o", "depth=3", "-o", "bytes=1k", "--skip-empty", "--create", "--rate", "2.5k", "-vv",
            "--", "-c")
        #expect(words.word("ADDRESS") == "mem:q")
        #expect(words.subject == "mem:q")
        #expect(words.words("MESSAGE") == ["a", "b", "-c"])
        #expect(try words.framing() == .nul)
        #expect(words.texts(.option) == ["depth=3", "bytes=1k"])
        #expect(words.has(Send.skipEmpty) && words.has(.create))
        #expect(words.rate(.rate) == 2500)
        #expect(words.times(.verbose) == 2)
    }

    @Test func recv() throws {
        let words = try parse(
            "recv", "-n", "3", "--drain", "--until-closed", "mem:q", "-J", "--timeout=10s", "-q", "--strict", "--raw", "--peek")
        #expect(words.word("ADDRESS") == "mem:q")
        #expect(words.integer(.count) == 3)
        #expect(try words.framing() == .jsonl)
        #expect(words.duration(.timeout) == .seconds(10))
        #expect([.drain, Recv.untilClosed, Recv.strict, Recv.raw, Recv.peek, .quiet].allSatisfy { words.has($0) })
        #expect(try parse("recv", "mem:q", "-f", "%s\\n").text(Recv.format) == "%s\\n")
    }

    @Test func exec() throws {
        let words = try parse("exec", "mem:q", "-j4", "--on", "3=reject", "--on", "9=ok", "-n", "2", "--grace", "5s", "--", "sh", "-c", "x")
        #expect(
            words.words("COMMAND") == ["sh", "-c", "x"] && words.integer(Exec.jobs) == 4 && words.texts(Exec.on) == ["3=reject", "9=ok"])
        #expect(words.duration(.grace) == .seconds(5) && words.integer(.count) == 2)
    }

    @Test func post() throws {
        let words = try parse("post", "mem:q", "http://a/", "http://b/", "--status-addr", "127.0.0.1:0", "--max-time", "5m~")
        #expect(words.words("URL") == ["http://a/", "http://b/"] && words.text(.statusAddr) == "127.0.0.1:0")
        #expect(try WorkPlan.maxTime(words.text(.maxTime)!) > .seconds(200))
    }

    @Test func bridge() throws {
        let words = try parse("bridge", "mem:a", "mem:b", "mem:c", "--copy", "--filter", "--", "grep", "x")
        #expect(words.word("FROM") == "mem:a" && words.words("TO") == ["mem:b", "mem:c"] && words.words("COMMAND") == ["grep", "x"])
        #expect(words.has(Bridge.copy) && words.has(Bridge.filter))
    }

    @Test func list() throws {
        #expect(try parse("list").word("SCHEME") == nil)
        let words = try parse("list", "posix-mq:", "--json")
        #expect(words.word("SCHEME") == "posix-mq:" && words.subject == "posix-mq:" && words.has(.json))
    }

    @Test func stat() throws { #expect(try parse("stat", "mem:q", "--json").has(.json)) }
    @Test func create() throws { #expect(try parse("create", "mem:q", "--if-missing").has(Create.ifMissing)) }
    @Test func delete() throws {
        let words = try parse("delete", "mem:q", "--if-exists", "--yes")
        #expect(words.has(Delete.ifExists) && words.has(Delete.yes))
    }
    @Test(arguments: ["purge", "pause", "unpause"])
    func aQueue(verb: String) throws { #expect(try parse(verb, "mem:q").word("ADDRESS") == "mem:q") }
    @Test func redrive() throws {
        let words = try parse("redrive", "mem:dead", "--to", "mem:q", "--rate", "10")
        #expect(words.word("ADDRESS") == "mem:dead" && words.text(RedriveVerb.to) == "mem:q" && words.rate(.rate) == 10)
    }
    @Test func watch() throws {
        let words = try parse("stat", "mem:q", "--watch", "5s", "-n", "3")
        #expect(words.has(Stat.watch) && words.word("INTERVAL") == "5s" && words.integer(.count) == 3)
        #expect(try parse("stat", "--watch", "mem:q").word("INTERVAL") == nil)
    }
    @Test func recvIntoFiles() throws {
        let words = try parse(
            "recv", "mem:q", "--out-dir", "d", "--name", "x", "--rotate-size", "1M", "--rotate-every", "1h", "--compress", "gzip=9",
            "--sync-every", "5s", "--max-attempts", "3", "--dead-letter", "mem:d")
        #expect([Recv.outDir, Recv.name, Recv.compress].map { words.text($0) } == ["d", "x", "gzip=9"])
        #expect(words.size(Recv.rotateSize) == 1 << 20 && words.duration(Recv.rotateEvery) == .seconds(3600))
        #expect(words.duration(Recv.syncEvery) == .seconds(5))
        #expect(words.integer(.maxAttempts) == 3 && words.text(.deadLetter) == "mem:d")
    }

    @Test func requestAndServe() throws {
        let words = try parse("request", "zmq:ipc://s", "a", "b", "--timeout", "2s")
        #expect(words.word("ADDRESS") == "zmq:ipc://s" && words.words("MESSAGE") == ["a", "b"] && words.duration(.timeout) == .seconds(2))
        #expect(try parse("serve", "zmq:@ipc://s", "--", "cat", "-n").words("COMMAND") == ["cat", "-n"])
    }
    @Test func proxy() throws {
        let words = try parse("proxy", "zmq:pull:@ipc://a", "zmq:@ipc://b", "--capture", "x.jsonl", "--grace", "1s")
        #expect(words.word("FRONT") == "zmq:pull:@ipc://a" && words.word("BACK") == "zmq:@ipc://b")
        #expect(words.text(Proxy.capture) == "x.jsonl" && words.duration(Proxy.grace) == .seconds(1))
    }
    @Test func explain() throws { #expect(try parse("explain", "mem:q", "--json").has(.json)) }
    @Test func transports() throws { #expect(try parse("transports", "zmq").word("TRANSPORT") == "zmq") }
    @Test func completion() throws { #expect(try #require(try Program.parse(["completion", "fish"]) as? Completion).shell == .fish) }

    @Test func bench() throws {
        let words = try parse(
            "bench", "mem:a", "mem:b", "-s", "16,1k", "-p2", "-c", "3", "--rate", "find", "--slo", "p99<5ms", "-d", "2s", "--warmup=0s",
            "--windows", "7", "-n", "10", "--batch", "1", "--rtt", "--same-process", "--payload", "zero", "--json", "a", "--csv", "b",
            "--md", "c", "--hdr", "d", "--label", "x y", "--save", "e")
        #expect(words.words("ADDRESS") == ["mem:a", "mem:b"] && words.subject == nil)
        #expect([Bench.size, Bench.rate, Bench.slo, Bench.payload].map { words.text($0) } == ["16,1k", "find", "p99<5ms", "zero"])
        #expect([Bench.producers, Bench.consumers, Bench.windows, .count, Bench.batch].map { words.integer($0) } == [2, 3, 7, 10, 1])
        #expect(words.duration(Bench.duration) == .seconds(2) && words.duration(Bench.warmup) == .zero)
        #expect(words.has(Bench.rtt) && words.has(Bench.sameProcess))
        let outputs = BenchOutputs(words)
        #expect([outputs.json, outputs.csv, outputs.md, outputs.hdr, outputs.label, outputs.save] == ["a", "b", "c", "d", "x y", "e"])
    }

    @Test func benchOfSavedRuns() throws {
        let comparison = try parse("bench", "compare", "old", "new", "--fail-on", "p99>+10%", "--fail-on", "lost>0", "--force")
        #expect([comparison.word("OLD"), comparison.word("NEW")] == ["old", "new"])
        #expect(comparison.texts(BenchCompare.failOn) == ["p99>+10%", "lost>0"])
        #expect(comparison.has(BenchCompare.force) && !comparison.has(.json))
        let page = try parse("bench", "report", "a.json", "b.json", "--html", "out.html")
        #expect(page.words("FILE") == ["a.json", "b.json"] && page.text(BenchPage.html) == "out.html")
    }

    @Test func completeWord() throws {
        #expect(try parse("__complete", "--", "send", "-F", "--fr=", "").words("WORD") == ["send", "-F", "--fr=", ""])
        #expect(try parse("__complete", "--", "").words("WORD") == [""])
    }

    @Test func helpAndVersion() throws {
        for words in [[], ["--help"], ["-h"], ["help"]] { #expect(try (Program.parse(words) as? Help)?.words.words("VERB") == []) }
        for words in [["send", "--help"], ["send", "-h"], ["help", "send"], ["--help", "send"], ["send", "q", "-vh"]] {
            #expect(try (Program.parse(words) as? Help)?.words.words("VERB") == ["send"], "\(words)")
        }
        #expect(try (Program.parse(["bench", "compare", "--help"]) as? Help)?.words.words("VERB") == ["bench", "compare"])
        for word in ["version", "--version"] { #expect(try Program.parse([word]) is Version) }
    }

    @Test(arguments: [
        ["send"], ["recv"], ["recv", "mem:a", "mem:b"], ["stat"], ["create"], ["delete"], ["purge"], ["explain"], ["completion", "tcsh"],
        ["sned", "mem:q"],
        ["send", "mem:q", "--nope"], ["recv", "mem:q", "-n"], ["purge", "mem:q", "extra"],
        ["request"], ["serve"], ["proxy", "zmq:@ipc://a"], ["wait"], ["check"], ["expect"], ["with", "sysv:"], ["mock", "kafka"],
        ["keygen", "k", "--format", "pem"],
        ["bench"], ["bench", "mem:q", "-s"], ["bench", "compare", "one"], ["bench", "report"],
    ])
    func mistakesAreRefused(words: [String]) { #expect(failure { try Program.parse(words) }?.code == .usage) }

    /// Each verb is parsed somewhere above: a further one wants its test.
    @Test func everyVerbIsTested() {
        #expect(
            Verbs.tables.map(\.name) == [
                "send", "recv", "request", "exec", "post", "bridge", "serve", "proxy", "wait", "check", "expect", "with",
                "mock", "list", "stat", "create", "delete", "purge", "pause", "unpause", "redrive", "keygen", "bench", "bench compare",
                "bench report", "transports", "explain", "completion", "help", "version",
                "__bench-worker", "__complete", "__generate",
            ])
    }

    @Test(arguments: [["-0", "-w"], ["-J", "-F", "lines"], ["-F", "nul", "-0"]])
    func framingIsGivenOnce(flags: [String]) throws {
        let words = try Program.parse(["send", "mem:q"] + flags).words
        #expect(failure { try words.framing() }?.message.hasPrefix("the framing is given twice: ") == true)
    }

    @Test func framingIsLinesUnlessSaid() throws { #expect(try parse("send", "mem:q").framing() == .lines) }
}
