import ArgumentParser
import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct ParseTests {
    private func parse<Command: ParsableCommand>(_ words: String..., as type: Command.Type = Command.self) throws -> Command {
        try #require(try Program.parse(words) as? Command)
    }

    @Test func send() throws {
        let command: Send = try parse(
            "send", "mem:q", "a", "b", "-F", "nul", "-o", "depth=3", "-o", "bytes=1k", "--skip-empty", "--create", "--rate", "2.5k", "-vv",
            "--", "-c")
        #expect(command.address == "mem:q")
        #expect(command.subject == "mem:q")
        #expect(command.messages == ["a", "b", "-c"])
        #expect(try command.framingOptions.resolve() == .nul)
        #expect(command.shared.options == ["depth=3", "bytes=1k"])
        #expect(command.skipEmpty && command.create)
        #expect(command.rate == "2.5k")
        #expect(command.shared.verbose == 2)
    }

    @Test func recv() throws {
        let command: Recv = try parse(
            "recv", "-n", "3", "--drain", "--until-closed", "mem:q", "-J", "--timeout=10s", "-q", "--strict", "--raw", "--peek")
        #expect(command.address == "mem:q")
        #expect(command.count == "3")
        #expect(try command.framingOptions.resolve() == .jsonl)
        #expect(command.timeout == "10s")
        #expect(command.drain && command.untilClosed && command.strict && command.raw && command.peek && command.shared.quiet)
        #expect(try (parse("recv", "mem:q", "-f", "%s\\n") as Recv).format == "%s\\n")
    }

    @Test func list() throws {
        #expect(try (parse("list") as List).address == nil)
        let command: List = try parse("list", "posix-mq:", "--json")
        #expect(command.address == "posix-mq:" && command.json)
    }

    @Test func stat() throws { #expect(try (parse("stat", "mem:q", "--json") as Stat).json) }
    @Test func create() throws { #expect(try (parse("create", "mem:q", "--if-missing") as Create).ifMissing) }
    @Test func delete() throws { #expect(try (parse("delete", "mem:q", "--if-exists", "--yes") as Delete).ifExists) }
    @Test func purge() throws { #expect(try (parse("purge", "mem:q") as Purge).address == "mem:q") }
    @Test func pause() throws { #expect(try (parse("pause", "mem:q") as Pause).address == "mem:q") }
    @Test func unpause() throws { #expect(try (parse("unpause", "mem:q") as Unpause).address == "mem:q") }
    @Test func redrive() throws {
        let command: RedriveVerb = try parse("redrive", "mem:dead", "--to", "mem:q", "--rate", "10")
        #expect(command.address == "mem:dead" && command.to == "mem:q" && command.rate == "10")
    }
    @Test func watch() throws {
        let command: Stat = try parse("stat", "mem:q", "--watch", "5s", "-n", "3")
        #expect(command.watch && command.interval == "5s" && command.count == "3")
        #expect(try (parse("stat", "--watch", "mem:q") as Stat).interval == nil)
    }
    @Test func recvIntoFiles() throws {
        let command: Recv = try parse(
            "recv", "mem:q", "--out-dir", "d", "--name", "x", "--rotate-size", "1M", "--rotate-every", "1h", "--compress", "gzip=9",
            "--sync-every", "5s", "--max-attempts", "3", "--dead-letter", "mem:d")
        #expect([command.outDir, command.name, command.rotateSize, command.rotateEvery] == ["d", "x", "1M", "1h"])
        #expect([command.compress, command.syncEvery, command.maxAttempts, command.deadLetter] == ["gzip=9", "5s", "3", "mem:d"])
    }

    @Test func explain() throws { #expect(try (parse("explain", "mem:q", "--json") as Explain).json) }
    @Test func transports() throws { #expect(try (parse("transports", "zmq") as Transports).name == "zmq") }
    @Test func completion() throws { #expect(try (parse("completion", "fish") as Completion).shell == .fish) }

    @Test func bench() throws {
        let command: Bench = try parse(
            "bench", "mem:a", "mem:b", "-s", "16,1k", "-p2", "-c", "3", "--rate", "find", "--slo", "p99<5ms", "-d", "2s", "--warmup=0s",
            "--windows", "7", "-n", "10", "--batch", "1", "--rtt", "--same-process", "--payload", "zero", "--json", "a", "--csv", "b",
            "--md", "c", "--hdr", "d", "--label", "x y", "--save", "e")
        #expect(command.addresses == ["mem:a", "mem:b"])
        #expect([command.size, command.producers, command.consumers] == ["16,1k", "2", "3"])
        #expect([command.rate, command.slo, command.duration, command.warmup] == ["find", "p99<5ms", "2s", "0s"])
        #expect([command.windows, command.count, command.batch, command.payload] == ["7", "10", "1", "zero"])
        #expect(command.rtt && command.sameProcess)
        let outputs = command.outputs
        #expect([outputs.json, outputs.csv, outputs.md, outputs.hdr, outputs.label, outputs.save] == ["a", "b", "c", "d", "x y", "e"])
    }

    @Test func benchOfSavedRuns() throws {
        let comparison: BenchCompare = try parse(
            "bench", "compare", "old", "new", "--fail-on", "p99>+10%", "--fail-on", "lost>0", "--force")
        #expect([comparison.old, comparison.new] == ["old", "new"])
        #expect(comparison.failOn == ["p99>+10%", "lost>0"] && comparison.force && !comparison.json)
        let page: BenchPage = try parse("bench", "report", "a.json", "b.json", "--html", "out.html")
        #expect(page.files == ["a.json", "b.json"] && page.html == "out.html")
    }

    @Test func completeWord() throws {
        #expect(try (parse("__complete", "--", "send", "-F", "--fr=", "") as CompleteWord).words == ["send", "-F", "--fr=", ""])
        #expect(try (parse("__complete", "--", "") as CompleteWord).words == [""])
    }

    @Test(arguments: [
        ["send"], ["recv"], ["recv", "mem:a", "mem:b"], ["stat"], ["create"], ["delete"], ["purge"], ["explain"], ["completion", "tcsh"],
        ["sned", "mem:q"],
        ["send", "mem:q", "--nope"], ["recv", "mem:q", "-n"], ["purge", "mem:q", "extra"],
        ["bench"], ["bench", "mem:q", "-s"], ["bench", "compare", "one"], ["bench", "report"],
    ])
    func mistakesAreRefused(words: [String]) { #expect(throws: (any Error).self) { try Program.parse(words) } }

    /// Each verb is parsed somewhere above: a further one wants its test.
    @Test func everyVerbIsTested() {
        #expect(
            MQ.verbs.map(\.name) == [
                "send", "recv", "bench", "list", "stat", "create", "delete", "purge", "pause", "unpause", "redrive", "transports",
                "explain", "completion",
                "__bench-worker", "__complete", "__generate",
            ])
        for (name, type) in MQ.verbs { #expect(type.configuration.commandName == name) }
    }

    @Test(arguments: [["-0", "-w"], ["-J", "-F", "lines"], ["-F", "nul", "-0"]])
    func framingIsGivenOnce(flags: [String]) throws {
        let command = try #require(try Program.parse(["send", "mem:q"] + flags) as? Send)
        #expect(failure { try command.framingOptions.resolve() }?.message.hasPrefix("the framing is given twice: ") == true)
    }

    @Test func framingIsLinesUnlessSaid() throws { #expect(try (parse("send", "mem:q") as Send).framingOptions.resolve() == .lines) }
}

@Suite(.timeLimit(.minutes(1)))
struct ValueTests {
    @Test(arguments: [("100", 100), ("2.5k", 2500), ("1M", 1e6), ("100/s", 100), ("1k/s", 1000), ("0.1", 0.1)])
    func ratesAreRead(text: String, rate: Double) throws { #expect(try Value.rate(text, "--rate") == rate) }

    @Test(arguments: ["", "0", "-1", "k", "/s", "1g", "inf", "nan", "fast", "infk"])
    func otherRatesAreRefused(text: String) { #expect(failure { try Value.rate(text, "--rate") }?.code == .usage) }

    @Test func refusalsSayWhatIsAllowed() {
        #expect(failure { try Value.integer("0", "-n", 1...Int.max) }?.message == "-n '0' is not a whole number of at least 1")
        #expect(failure { try Value.integer("x", "--priority", 0...9) }?.message == "--priority 'x' is not a whole number from 0 to 9")
        #expect(failure { try Value.duration("1y", "--timeout") }?.hint == "durations are written 10s, 250ms or 2m")
        let choice = failure { try Value.choice("jsno", "--log-format", ["text", "json"]) }
        #expect(choice?.message == "--log-format 'jsno' is not one of text, json")
        #expect(choice?.hint == "did you mean json?")
    }

    @Test func whatIsNotGivenIsNothing() throws {
        #expect(try Value.rate(nil, "") == nil)
        #expect(try Value.duration(nil, "") == nil)
        #expect(try Value.integer(nil, "", 0...1) == nil)
        #expect(try Value.choice(nil, "", []) == nil)
    }
}
