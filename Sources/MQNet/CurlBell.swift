import CCurl
import Synchronization

/// What a client and its wakers share.
final class CurlBell: @unchecked Sendable {
    // Unchecked: the handle is used under the lock only, for curl_multi_wakeup, which may be called on any thread while the
    // handle lives; `remove` takes it away before the handle is freed.
    private let library: CurlLibrary
    private let multi: Mutex<UInt>
    private let hasRung = Atomic<Bool>(false)

    init(_ library: CurlLibrary, _ multi: UnsafeMutableRawPointer) {
        self.library = library
        self.multi = Mutex(UInt(bitPattern: multi))
    }

    func ring() {
        hasRung.store(true, ordering: .releasing)
        multi.withLock { address in
            if let multi = UnsafeMutableRawPointer(bitPattern: address) { _ = library.api.pointee.multi_wakeup(multi) }
        }
    }

    func takeRing() -> Bool { hasRung.exchange(false, ordering: .acquiring) }
    func remove() { multi.withLock { $0 = 0 } }
}
