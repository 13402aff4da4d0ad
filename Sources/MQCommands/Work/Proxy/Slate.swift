import Synchronization

/// Where the words of a proxy are found by other threads once it is open.
final class Slate: Sendable {
    private let words = Mutex<ProxyWords?>(nil)

    func write(_ words: ProxyWords) { self.words.withLock { $0 = words } }

    var line: String? { words.withLock { $0 }?.line }
    var figures: [Figure] { words.withLock { $0 }?.figures ?? [] }
}
