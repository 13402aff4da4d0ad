import Glibc
import MQCore
import MQTesting
import Synchronization
import Testing

/// In a process of its own: the list is the process's, and other tests have steps on it.
@Suite(.timeLimit(.minutes(1)))
struct ExitCleanupTests {
    @Test func theLastRegisteredRunsFirstAndEachRunsOnce() async {
        await #expect(processExitsWith: .success) {
            let order = Log()
            for number in 1...3 { _ = ExitCleanup.register { order.add(number) } }
            ExitCleanup.runAll()
            ExitCleanup.runAll()
            precondition(order.numbers == [3, 2, 1], "\(order.numbers)")
        }
    }

    @Test func aCancelledStepIsForgotten() async {
        await #expect(processExitsWith: .success) {
            let order = Log()
            _ = ExitCleanup.register { order.add(1) }
            let token = ExitCleanup.register { order.add(2) }
            _ = ExitCleanup.register { order.add(3) }
            ExitCleanup.cancel(token)
            ExitCleanup.cancel(token)
            ExitCleanup.runAll()
            precondition(order.numbers == [3, 1], "\(order.numbers)")
        }
    }

    @Test func aStepMayCancelAndRegisterOthers() async {
        await #expect(processExitsWith: .success) {
            let order = Log()
            let first = ExitCleanup.register { order.add(1) }
            _ = ExitCleanup.register {
                order.add(2)
                ExitCleanup.cancel(first)
                _ = ExitCleanup.register { order.add(4) }
            }
            ExitCleanup.runAll()
            precondition(order.numbers == [2, 4], "\(order.numbers)")
        }
    }

    private final class Log: Sendable {
        private let list = Mutex<[Int]>([])
        func add(_ number: Int) { list.withLock { $0.append(number) } }
        var numbers: [Int] { list.withLock { $0 } }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct LocalFileTests {
    private let fixture = Fixture()

    private func file(_ bytes: [UInt8]) throws -> String {
        let path = try fixture.directory() + "/file"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw ConformanceFailure("cannot write \(path)") }
        return path
    }

    @Test func contentsAreWhole() throws {
        for count in [0, 1, 65536, 200_001] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try LocalFile.contents(of: file(bytes)) == bytes)
        }
    }

    @Test func aFileOverTheLimitIsRefused() throws {
        let path = try file([1, 2, 3])
        #expect(try LocalFile.contents(of: path, limit: 3) == [1, 2, 3])
        let error = failure { try LocalFile.contents(of: path, limit: 2) }
        #expect(error?.code == .inputOutput)
        #expect(error?.message == "\(path): larger than 2 bytes")
    }

    /// Its size says nothing, and reading it finds something.
    @Test func filesWithoutASizeAreRead() throws { #expect(try LocalFile.contents(of: "/proc/self/comm").last == 0x0a) }

    @Test func failuresNameThePathAndTheReason() throws {
        let missing = failure { try LocalFile.contents(of: fixture.directory() + "/none") }
        #expect(missing?.errno == ENOENT)
        #expect(missing?.message.hasSuffix("/none: no such file or directory") == true)
        #expect(failure { try LocalFile.contents(of: "/") }?.message == "/: is a directory")
        #expect(LocalFile.failure("/x", EACCES).code == .permission)
    }
}
