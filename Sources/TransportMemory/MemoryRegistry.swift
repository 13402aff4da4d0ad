import Glibc
import MQCore
import Synchronization

/// The named queues of the process.
enum MemoryRegistry {
    private static let queues = Mutex<[String: MemoryQueue]>([:])

    static func find(_ name: String) -> MemoryQueue? { queues.withLock { $0[name] } }

    static func findOrMake(_ name: String, _ bounds: MemoryQueue.Bounds) -> (MemoryQueue, isNew: Bool) {
        queues.withLock { queues in
            if let found = queues[name] { return (found, false) }
            let made = MemoryQueue(name: name, bounds: bounds)
            queues[name] = made
            return (made, true)
        }
    }

    static func remove(_ name: String) -> MemoryQueue? { queues.withLock { $0.removeValue(forKey: name) } }
    static var all: [MemoryQueue] { queues.withLock { Array($0.values) } }
}
