import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Names of files, from what `--name` says.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct FileNameTests {
    private func name(_ pattern: String, _ address: String = "mem:q", suffix: String = "") throws -> FileName {
        try FileName(pattern, queue: try ResolvedAddress(address, options: []).address, suffix: suffix)
    }

    @Test(arguments: [
        ("posix-mq:/jobs", "jobs"), ("mem:a/b", "a_b"), ("mem:a%2Cb", "a_b"), ("sysv:0x4d51", "0x4d51"), ("mem:../x", ".._x"),
    ])
    func theQueueIsAWordOfIt(address: String, word: String) throws { #expect(try name("{queue}", address).path(0, 1) == word) }

    @Test func timeIsWrittenByStrftime() throws {
        let path = try name("%Y/{queue}.%%{n}.log").path(1_800_000_000_000_000_000, 7)
        #expect(path == "2027/q.%000007.log")
    }

    @Test func aPercentSignOfTheQueueIsNoField() throws {
        #expect(try name("{queue}-%Y", "mem:%d#x").path(1_800_000_000_000_000_000, 1) == "d#x-2027")
    }

    @Test(arguments: [
        ("a.b.log", 2, "a.b-2.log"), ("a", 3, "a-3"), ("d.d/a", 2, "d.d/a-2"), (".hidden", 2, ".hidden-2"), ("a.log", 1, "a.log"),
    ])
    func aTakenNameGetsANumber(pattern: String, number: Int, path: String) throws {
        #expect(try name(pattern).path(0, number) == path)
    }

    @Test func theSuffixIsAddedOnce() throws {
        #expect(try name("a.log", suffix: ".gz").path(0, 1) == "a.log.gz")
        #expect(try name("a.log.gz", suffix: ".gz").path(0, 2) == "a-2.log.gz")
    }

    @Test(arguments: ["", "a/", "/a", "../a", "a/../../b", "{que}", "{n", "{}"])
    func mistakesAreNamed(pattern: String) { #expect(failure { try name(pattern) }?.code == .usage) }

    @Test func anyPatternIsReadOrRefused() {
        let alphabet = Array("{}n%Yq./ queuehost-é".unicodeScalars)
        let rounds = Fuzz.rounds(for: .milliseconds(300)) { random, seed in
            var pattern = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                pattern.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            guard let name = try? name(pattern) else { return }
            let (first, second) = (name.path(0, 1), name.path(0, 2))
            #expect(first != second, "seed \(seed): \(pattern)")
            #expect(!first.hasPrefix("/") && !first.split(separator: "/").contains(".."), "seed \(seed): \(pattern)")
        }
        #expect(rounds > 0)
    }
}

/// A row of files: what is in them, and when it is settled.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct FileSinkTests {
    private let fixture = Fixture()

    private func plan(
        _ folder: String, name: String = "{n}", size: Int? = nil, gzip: Int? = nil, every: Duration? = nil, syncEvery: Duration? = nil
    ) throws -> FileSink.Plan {
        let address = try ResolvedAddress("mem:q", options: []).address
        return FileSink.Plan(
            file: RotatingFile.Plan(
                folder: folder, name: try FileName(name, queue: address, suffix: gzip == nil ? "" : ".gz"), size: size, every: every,
                gzip: gzip),
            syncEvery: syncEvery)
    }

    private func run(_ source: MemoryBroker, _ files: FileSink.Plan, _ change: (inout RecvSession.Plan) -> Void = { _ in }) throws
        -> TransportError?
    {
        let plan = RecvSession.Plan.draining {
            $0.files = files
            change(&$0)
        }
        let session = try RecvSession(
            plan: plan, address: source.address, console: quiet, surroundings: Surroundings(isWatched: false))
        return failure { _ = try session.run() }
    }

    private func files(_ folder: String) throws -> [String] {
        try Executable("/bin/ls").run(["-A", folder]).lines
    }

    private func text(_ path: String) throws -> String { String(decoding: try LocalFile.contents(of: path), as: UTF8.self) }

    @Test func aFileEndsWithTheMessageThatFillsIt() throws {
        let source = try MemoryBroker(fixture), folder = try fixture.directory()
        try source.send((0..<10).map { "\($0)" })
        #expect(try run(source, plan(folder, size: 5)) == nil)
        #expect(try files(folder) == ["000001", "000002", "000003", "000004"])
        #expect(try (1...4).map { try text("\(folder)/00000\($0)") } == ["0\n1\n2\n", "3\n4\n5\n", "6\n7\n8\n", "9\n"])
        #expect(try source.bodies().isEmpty)
    }

    @Test func nothingIsOverwritten() throws {
        let source = try MemoryBroker(fixture), folder = try fixture.directory()
        try LocalFile.write(Array("mine".utf8), to: "\(folder)/a.log")
        try LocalFile.write(Array("working".utf8), to: "\(folder)/a-2.log.part")
        try source.send(["x", "y"])
        #expect(try run(source, plan(folder, name: "a.log", size: 1)) == nil)
        #expect(try files(folder) == ["a-2.log.part", "a-3.log", "a-4.log", "a.log"])
        #expect(
            try ["a.log", "a-2.log.part", "a-3.log", "a-4.log"].map { try text("\(folder)/\($0)") } == ["mine", "working", "x\n", "y\n"])
    }

    /// The name was free when the file was begun, and is taken when it ends.
    @Test func aNameTakenMeanwhileIsLeftAlone() throws {
        let folder = try fixture.directory()
        let file = try RotatingFile(plan(folder, name: "a.log").file, console: quiet)
        let bytes = Array("one\n".utf8)
        _ = bytes.withUnsafeBytes { file.write($0, stop: StopFlag()) }
        try LocalFile.write(Array("mine".utf8), to: "\(folder)/a.log")
        try file.finish()
        #expect(try files(folder) == ["a-2.log", "a.log"])
        #expect(try text("\(folder)/a.log") == "mine" && text("\(folder)/a-2.log") == "one\n")
    }

    @Test(arguments: [1, 6, 9])
    func compressedFilesAreRead(level: Int) throws {
        let source = try MemoryBroker(fixture), folder = try fixture.directory()
        let lines = (0..<5000).map { "message number \($0) of many" }
        try source.send(lines)
        #expect(try run(source, plan(folder, size: 4000, gzip: level)) == nil)
        let names = try files(folder)
        #expect(names.allSatisfy { $0.hasSuffix(".gz") })
        let result = try Executable("/bin/sh").run(["-c", "gzip -dc \(folder)/*"])
        #expect(result.status == 0 && result.lines == lines)
    }

    /// What `sync` has returned for can be read although the file has no end: as after kill -9.
    @Test(arguments: [nil, 6])
    func whatIsSafeIsThereBeforeTheFileEnds(gzip: Int?) throws {
        let folder = try fixture.directory()
        let sink = try FileSink(
            plan(folder, name: "a", gzip: gzip, syncEvery: .seconds(3600)), .framed(.lines), queue: "", isStrict: false, console: quiet)
        var batch = Batch(gap: sink.gap)
        for number in 0..<100 { batch.append("\(number)".utf8) }
        #expect(sink.write(&batch, 0..<60, stop: StopFlag()).messages == 60)
        #expect(sink.takeSafe() == 0)
        try sink.sync()
        #expect(sink.takeSafe() == 60)
        #expect(sink.write(&batch, 60..<100, stop: StopFlag()).messages == 40)
        try sink.attend(isIdle: true)
        #expect(sink.takeSafe() == 0, "an hour has not passed")
        let path = "\(folder)/a" + (gzip == nil ? ".part" : ".gz.part")
        let result = try Executable("/bin/sh").run(["-c", (gzip == nil ? "cat" : "gzip -dc") + " \(path)"])
        #expect(result.lines.starts(with: (0..<60).map { "\($0)" }))
        try sink.finish()
        #expect(sink.takeSafe() == 40)
    }

    @Test func eachOfSeveralQueuesHasFilesOfItsOwn() throws {
        let folder = try fixture.directory()
        var plan = try plan(folder, name: "{queue}.{n}", syncEvery: .seconds(3600))
        plan.dividesQueues = true
        plan.file.size = 20
        let sink = try FileSink(plan, .framed(.lines), queue: "", isStrict: false, console: quiet)
        #expect(sink.needsProperties)
        var batch = Batch(gap: sink.gap)
        for number in 0..<30 {
            batch.append("\(number)".utf8)
            var properties = MessageProperties()
            properties.queue = ["a", "b", "b", "c/d"][number % 4]
            batch.setProperties(properties)
        }
        #expect(sink.write(&batch, 0..<30, stop: StopFlag()).messages == 30)
        try sink.sync()
        #expect(sink.takeSafe() == 30)
        try sink.finish()
        let names = try files(folder)
        #expect(names == ["a.000001", "a.000002", "b.000001", "b.000002", "b.000003", "c_d.000001", "c_d.000002"].filter(names.contains))
        for (queue, remainders) in [("a", [0]), ("b", [1, 2]), ("c_d", [3])] {
            let lines = try names.filter { $0.hasPrefix(queue + ".") }.map { try text("\(folder)/\($0)") }.joined()
            #expect(lines == (0..<30).filter { remainders.contains($0 % 4) }.map { "\($0)\n" }.joined())
        }
    }

    @Test func aFileEndsWithItsTime() throws {
        let source = try MemoryBroker(fixture), folder = try fixture.directory()
        try source.send(["a"])
        let files = try plan(folder, every: .milliseconds(200))
        let address = source.address
        let receiving = Background {
            let session = try RecvSession(
                plan: .draining {
                    $0.files = files
                    $0.drains = false
                    $0.timeout = .seconds(1)
                }, address: address, console: quiet, surroundings: Surroundings(isWatched: false))
            return try session.run().sentence
        }
        #expect(try eventually { try self.files(folder) == ["000001"] }, "its time is over while nothing comes")
        try source.send(["b"])
        #expect(try receiving.join()?.hasPrefix("no further message") == true)
        #expect(try self.files(folder) == ["000001", "000002"])
    }

    @Test func filesEndAtWholeMultiplesOfTheirTimeByTheLocalClock() throws {
        let folder = try fixture.directory()
        // Half an hour before a whole multiple of two hours of local time.
        var (start, parts) = (time_t(1_800_000_000), tm())
        localtime_r(&start, &parts)
        start += 7200 - (start + parts.tm_gmtoff) % 7200 + 7200 - 1800
        let hands = HandClocks(wall: Int64(start) * 1_000_000_000)
        let sink = try FileSink(
            plan(folder, every: .seconds(7200), syncEvery: .seconds(600)), .framed(.lines), queue: "", isStrict: false, console: quiet,
            clocks: hands.clocks)
        var batch = Batch(gap: sink.gap)
        for body in ["a", "b", "c"] { batch.append(body.utf8) }
        /// How many messages have become safe and which files there are, `seconds` later and with nothing to do.
        func look(after seconds: Int) throws -> [String] {
            hands.advance(.seconds(seconds))
            try sink.attend(isIdle: true)
            return ["\(sink.takeSafe())"] + (try files(folder))
        }
        #expect(sink.write(&batch, 0..<1, stop: StopFlag()).messages == 1)
        #expect(try look(after: 599) == ["0", "000001.part"])
        #expect(try look(after: 1) == ["1", "000001.part"])
        #expect(sink.write(&batch, 1..<2, stop: StopFlag()).messages == 1)
        #expect(try look(after: 1199) == ["1", "000001.part"])
        #expect(try look(after: 1) == ["0", "000001"])
        // The next one begins with its first message, and ends two hours behind the first.
        #expect(try look(after: 3600) == ["0", "000001"])
        #expect(sink.write(&batch, 2..<3, stop: StopFlag()).messages == 1)
        #expect(try look(after: 3599) == ["1", "000001", "000002.part"])
        #expect(try look(after: 1) == ["0", "000001", "000002"])
        #expect(try text("\(folder)/000001") == "a\nb\n" && text("\(folder)/000002") == "c\n")
    }

    /// A message that must not be written ends the run; those before it are in the file and settled, the others put back.
    @Test func aRefusedRecordLeavesTheOthersWhereTheyBelong() throws {
        let source = try MemoryBroker(fixture), folder = try fixture.directory()
        try source.send(["a", "b", "c\nd", "e"])
        let error = try run(source, plan(folder, name: "f")) { $0.isStrict = true }
        #expect(error?.code == .malformed)
        #expect(try text("\(folder)/f") == "a\nb\n")
        #expect(try source.bodies() == ["c\nd", "e"])
    }

    /// A folder in which no file can be made any more: everything goes back to the queue.
    @Test func whatCannotBeWrittenIsPutBack() throws {
        let source = try MemoryBroker(fixture), folder = try fixture.directory()
        try LocalFile.write([], to: "\(folder)/in-the-way")
        try source.send(["a", "b"])
        let error = try run(source, plan(folder, name: "in-the-way/{n}"))
        #expect(error?.code == .inputOutput)
        #expect(try source.bodies() == ["a", "b"])
        #expect(try files(folder) == ["in-the-way"])
    }

    @Test func deadLettersAreNoPartOfAFile() throws {
        let source = try MemoryBroker(fixture), dead = try MemoryBroker(fixture), folder = try fixture.directory()
        try source.send(["bad"])
        try source.fail(times: 3)
        try source.send(["good"])
        let error = try run(source, plan(folder, name: "f", syncEvery: .seconds(3600))) {
            $0.deadLetters = DeadLetters.Plan(attempts: 3, address: dead.address, retry: nil)
        }
        #expect(error == nil)
        #expect(try text("\(folder)/f") == "good\n")
        #expect(try dead.bodies() == ["bad"])
        #expect(try source.bodies().isEmpty)
    }

    @Test(arguments: [
        ["--rotate-size", "1M"], ["--name", "x"], ["--compress", "gzip"], ["--out-dir", "/tmp/x", "--compress", "gzip=10"],
        ["--out-dir", "/tmp/x", "--compress", "zstd"], ["--out-dir", "/tmp/x", "--rotate-size", "0"],
        ["--out-dir", "/tmp/x", "--rotate-every", "0s"], ["--out-dir", "/tmp/x", "-F", "files", "--rotate-size", "1M"],
        ["--out-dir", "/tmp/x", "--name", "../x"], ["-F", "files"],
    ])
    func mistakesAreNamed(flags: [String]) throws {
        #expect(failure { try Program.parse(["recv", "mem:q"] + flags).perform(quiet) }?.code == .usage)
    }
}
