import Glibc
import MQTesting
import Synchronization
import Testing

@testable import MQCore

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct ChildProcessTests {
    /// What a command prints, and how it ends.
    private func run(
        _ command: ChildCommand, input: CInt = -1, more: [(source: CInt, target: CInt)] = [], usesPidfd: Bool = true
    ) throws -> (text: String, reason: ExitReason?) {
        let pipe = try Pipe()
        let reading = pipe.reading
        let writing = pipe.writing
        var child = try ChildProcess(
            command, descriptors: [(input, STDIN_FILENO), (writing.descriptor, STDOUT_FILENO)] + more, usesPidfd: usesPidfd)
        _ = consume writing
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(reading.descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return (String(decoding: bytes, as: UTF8.self), child.wait(until: .after(.seconds(20)), stop: StopFlag()))
    }

    @Test(arguments: [true, false])
    func theReasonOfTheEndIsTold(usesPidfd: Bool) throws {
        #expect(try run(.shell("echo so; exit 3"), usesPidfd: usesPidfd) == ("so\n", .status(3)))
        #expect(try run(.shell("kill -KILL $$"), usesPidfd: usesPidfd) == ("", .signal(SIGKILL)))
        #expect(try run(ChildCommand(["true"]), usesPidfd: usesPidfd).reason?.isSuccess == true)
    }

    @Test func whatCannotBeStartedIsAnErrorWithItsNumber() {
        #expect(failure { try ChildProcess(ChildCommand(["no-such-program"])).process }?.errno == ENOENT)
        #expect(failure { try ChildProcess(ChildCommand(["/etc"])).process }?.errno == EACCES)
        var elsewhere = ChildCommand(["true"])
        elsewhere.folder = "/no/such/folder"
        #expect(failure { try ChildProcess(elsewhere).process }?.errno == ENOENT)
    }

    @Test func noDescriptorOfOursReachesAChild() throws {
        // Some of them without close-on-exec, as a library may leave them.
        let plain = (0..<8).map { _ in open("/dev/null", O_RDWR) }
        defer { plain.forEach { close($0) } }
        let flag = StopFlag()
        let bell = Bell()
        let script = "n=3; while [ $n -lt 300 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done"
        #expect(try run(.shell(script)).text == "")
        // Asked for, one does.
        #expect(try run(.shell(script), more: [(plain[3], 7)]).text == "7\n")
        _ = (flag, bell)
    }

    @Test func descriptorsMayChangePlaces() throws {
        let one = try Pipe()
        let other = try Pipe()
        let places = (one.reading.descriptor, other.reading.descriptor)
        _ = Array("first\n".utf8).withUnsafeBytes { one.writing.write($0) }
        _ = Array("second\n".utf8).withUnsafeBytes { other.writing.write($0) }
        // Each is to stand where the other one stands.
        let script = "echo $(head -n 1 /proc/$$/fd/\(places.0)) $(head -n 1 /proc/$$/fd/\(places.1))"
        #expect(try run(.shell(script), more: [(places.0, places.1), (places.1, places.0)]).text == "second first\n")
    }

    @Test func theEnvironmentIsWhatWasAskedFor() throws {
        var command = ChildCommand(["/usr/bin/env"])
        command.environment = ["A=1", "B=2", "BB=3"].map(\.bytes)
        command.variables = [("B", "new".bytes), ("C", [])]
        #expect(try run(command).text == "A=1\nBB=3\nB=new\nC=\n")
        setenv("MQ_TEST_INHERITED", "yes", 1)
        command = .shell("echo $MQ_TEST_INHERITED $MQ_TEST_MORE")
        command.variables = [("MQ_TEST_MORE", "too".bytes)]
        #expect(try run(command).text == "yes too\n")
    }

    @Test func argumentsAreBytes() throws {
        let pipe = try Pipe()
        var child = try ChildProcess(
            ChildCommand(["printf".bytes, "%s".bytes, [0x61, 0xff, 0xfe]]), descriptors: [(pipe.writing.descriptor, STDOUT_FILENO)])
        #expect(child.wait(until: .after(.seconds(20)), stop: StopFlag()) == .status(0))
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = read(pipe.reading.descriptor, &buffer, buffer.count)
        #expect(buffer[..<max(0, count)] == [0x61, 0xff, 0xfe])
    }

    @Test func signalsAreAsAFreshProgramHasThem() throws {
        // On a thread of its own: the mask is the thread's.
        let text = Mutex("")
        let done = Bell()
        try BackgroundThread.start("signals", blockingSignals: true) {
            signal(SIGPIPE, SIG_IGN)
            let result = try? run(ChildCommand(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]))
            text.withLock { $0 = result?.text ?? "" }
            done.ring()
        }
        _ = Readiness.wait(for: POLLIN, on: done.descriptor, until: .after(.seconds(20)), stop: StopFlag())
        let masks = text.withLock { $0 }.split(separator: "\n").map { UInt64($0.suffix(16), radix: 16) }
        #expect(masks.count == 2 && masks[0] == 0)
        #expect(try #require(masks.last ?? nil) & (1 << UInt64(SIGPIPE - 1)) == 0)
    }

    @Test func itsEndCanBePolled() throws {
        var child = try ChildProcess(.shell("exec sleep 100"), descriptors: [])
        child.signal(SIGTERM)
        #expect(Readiness.wait(for: POLLIN, on: child.descriptor, until: .after(.seconds(20)), stop: StopFlag()) == .ready)
        #expect(child.exitReason() == .signal(SIGTERM))
        #expect(child.exitReason() == .signal(SIGTERM))
    }

    @Test func aWaitEndsWithItsDeadlineAndItsFlag() throws {
        var child = try ChildProcess(ChildCommand(["sleep", "60"]))
        #expect(child.wait(until: .immediately, stop: StopFlag()) == nil)
        let stop = StopFlag()
        stop.raise()
        #expect(child.wait(until: .never, stop: stop) == nil)
        #expect(child.end(within: .seconds(20)) == .signal(SIGTERM))
    }

    @Test func itIsAskedToEndAndThenKilledWithAllThatItStarted() throws {
        let pipe = try Pipe()
        let script = "trap '' TERM; (trap '' TERM; echo $(sh -c 'echo $PPID'); exec sleep 60) & wait; sleep 60"
        var child = try ChildProcess(.shell(script), descriptors: [(pipe.writing.descriptor, STDOUT_FILENO)])
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = read(pipe.reading.descriptor, &buffer, buffer.count)
        let grandchild = try #require(pid_t(String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self)))
        #expect(getpgid(grandchild) == child.process)
        #expect(child.end(within: .milliseconds(50)) == .signal(SIGKILL))
        #expect(eventually { isGone(grandchild) })
    }

    @Test func oneThatIsDroppedIsKilled() throws {
        var process: pid_t = 0
        do {
            let child = try ChildProcess(ChildCommand(["sleep", "60"]))
            process = child.process
            #expect(!isGone(process))
        }
        #expect(isGone(process))
    }

    @Test func itDiesWithTheThreadThatStartedItWhereAsked() throws {
        let process = Mutex<pid_t>(0)
        let (started, mayEnd) = (Bell(), Bell())
        let kept = Mutex<ChildProcess?>(nil)
        try BackgroundThread.start("parent") {
            var command = ChildCommand(["sleep", "60"])
            command.diesWithParent = true
            kept.withLock { kept in
                kept = try? ChildProcess(command)
                process.withLock { $0 = kept?.process ?? 0 }
            }
            started.ring()
            _ = Readiness.wait(for: POLLIN, on: mayEnd.descriptor, until: .never, stop: StopFlag())
        }
        _ = Readiness.wait(for: POLLIN, on: started.descriptor, until: .after(.seconds(20)), stop: StopFlag())
        let number = process.withLock { $0 }
        try #require(number > 0)
        #expect(!isGone(number))
        mayEnd.ring()
        #expect(eventually { isGone(number) })
    }

    /// Whether the process has ended, collected or not.
    private func isGone(_ process: pid_t) -> Bool {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return true }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        guard fgets(&line, 512, file) != nil else { return true }
        let text = line.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return text.contains(") Z ")
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct BackgroundThreadTests {
    @Test func threadsHaveNames() throws {
        let name = Mutex("")
        let done = Bell()
        try BackgroundThread.start("mq-named-thread") {
            let file = PipeEnd(owning: open("/proc/thread-self/comm", O_RDONLY | O_CLOEXEC))
            var buffer = [UInt8](repeating: 0, count: 16)
            let count = read(file.descriptor, &buffer, buffer.count)
            name.withLock { $0 = String(decoding: buffer[..<max(0, count)], as: UTF8.self) }
            done.ring()
        }
        #expect(Readiness.wait(for: POLLIN, on: done.descriptor, until: .after(.seconds(20)), stop: StopFlag()) == .ready)
        #expect(name.withLock { $0 } == "mq-named-thread\n")
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct PipeTests {
    @Test func noEndOutlivesItsOwnerNorReachesAProgram() throws {
        let pipe = try Pipe()
        let reading = pipe.reading
        let writing = pipe.writing
        for descriptor in [reading.descriptor, writing.descriptor] { #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0) }
        #expect(Array("x".utf8).withUnsafeBytes { writing.write($0) } == 0)
        _ = consume reading
        signal(SIGPIPE, SIG_IGN)
        #expect(Array("x".utf8).withUnsafeBytes { writing.write($0) } == EPIPE)
        let kept = writing.release()
        #expect(fcntl(kept, F_GETFD) >= 0)
        close(kept)
    }
}
