import Glibc
import MQCore
import MQTesting
import Testing

@Suite("the tests' own tools", .ownThread, .timeLimit(.minutes(1)))
struct ConformanceKitTests {
    let shell = Executable("/bin/sh")

    @Test func runsAProgramWithInputAndCapturesBothStreams() throws {
        let result = try shell.run("-c", "cat; echo no >&2; exit 7", input: .text("yes\n"))
        #expect(result.text == "yes\n")
        #expect(result.errorText == "no\n")
        #expect(result.ending == .exited(7))
    }

    @Test func movesMoreThanAPipeHolds() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(try Executable("/bin/cat").run(input: .bytes(bytes)).output == bytes)
    }

    @Test func readsInputFromAFileAndRunsInADirectory() throws {
        let fixture = Fixture()
        let directory = try fixture.directory()
        let made = try shell.run(["-c", "printf abc > file"], directory: directory)
        #expect(made.status == 0)
        #expect(try Executable("/bin/cat").run(input: .file("\(directory)/file")).text == "abc")
        fixture.cleanUp()
        #expect(access(directory, F_OK) != 0)
    }

    @Test func tellsASignalFromAnExit() throws {
        let program = try shell.start(["-c", "echo started; sleep 20"])
        try program.waitForLines(1)
        #expect(program.isRunning)
        program.send(signal: SIGTERM)
        let result = try program.wait()
        #expect(result.ending == .signalled(SIGTERM))
        #expect(result.status == 143)
    }

    @Test func givesInputLaterAndEndsIt() throws {
        let program = try Executable("/bin/cat").start([], input: .open)
        program.write(Array("one\n".utf8))
        try program.waitForLines(1)
        program.write(Array("two\n".utf8))
        #expect(try program.wait().lines == ["one", "two"])
    }

    @Test func aReaderThatLeavesRaisesSIGPIPE() throws {
        let program = try Executable("/usr/bin/yes").start([])
        try program.waitForLines(3)
        program.closeOutput()
        #expect(try program.wait().ending == .signalled(SIGPIPE))
    }

    @Test func aTimeoutIsAFailure() throws {
        #expect(throws: ConformanceFailure.self) { try shell.run(["-c", "sleep 20"], timeout: .milliseconds(50)) }
    }

    @Test func runsPipelinesWithTheProgramsFolderInPATH() throws {
        let result = try Executable("/bin/sh").shell("yes | head -2; echo ${PIPESTATUS[0]}")
        #expect(result.lines == ["y", "y", "141"])
    }

    @Test func theEnvironmentIsCleanAndCanBeChanged() throws {
        setenv("MQ_SECRET_OF_THE_TEST", "1", 1)
        let result = try shell.run(["-c", "env"], environment: ["MQ_NSQ": "here", "HOME": nil])
        #expect(!result.text.contains("MQ_SECRET_OF_THE_TEST"))
        #expect(result.lines.contains("MQ_NSQ=here"))
        #expect(!result.lines.contains { $0.hasPrefix("HOME=") })
    }

    @Test func fixturesCleanUpInReverse() {
        let order = Recorder()
        do {
            let fixture = Fixture()
            for number in 1...3 { fixture.atEnd { order.note(number) } }
        }
        #expect(order.numbers == [3, 2, 1])
    }

    @Test func uniqueNamesAndKeysDiffer() {
        #expect(Set((0..<1000).map { _ in UniqueName.make() }).count == 1000)
        let keys = (0..<1000).map { _ in UniqueName.key() }
        #expect(Set(keys).count == 1000 && keys.allSatisfy { (1...0x7fff_ffff).contains($0) })
    }
}

private final class Recorder: @unchecked Sendable {  // used by one thread
    var numbers: [Int] = []
    func note(_ number: Int) { numbers.append(number) }
}
