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
