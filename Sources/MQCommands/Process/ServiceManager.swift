import Glibc
import MQCore
import Synchronization

/// Tells systemd how the program is doing, where it was started by it: datagrams to `$NOTIFY_SOCKET` (sd_notify(3)).
final class ServiceManager: Sendable {
    private let address: SocketAddress
    private let descriptor: CInt
    /// Half of `$WATCHDOG_USEC`, in nanoseconds: so often a sign of life is due. `nil` when none is expected.
    private let interval: UInt64?
    private let nextBeat = Atomic<UInt64>(0)
    private let turn: Turn
    private let status: @Sendable () -> String

    /// How often the state in words is renewed.
    private static let statusInterval = Duration.seconds(5)

    /// Reads the environment, and takes the variables out of it: they are not for the children.
    /// - Parameters:
    ///   - turn: ended when a sign of life is due, so that it is the pump that gives it.
    ///   - status: the state in words.
    /// - Returns: `nil` when nobody listens.
    init?(_ turn: Turn, status: @escaping @Sendable () -> String) {
        guard let value = getenv("NOTIFY_SOCKET") else { return nil }
        let path = String(rawCString: value)
        let isAbstract = path.hasPrefix("@")
        guard isAbstract || path.hasPrefix("/"),
            let address = SocketAddress(unix: isAbstract ? String(path.dropFirst()) : path, isAbstract: isAbstract)
        else { return nil }
        let time = getenv("WATCHDOG_USEC").flatMap { UInt64(String(cString: $0)) }
        let isOurs = getenv("WATCHDOG_PID").map { Int32(String(cString: $0)) == getpid() } ?? true
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) }
        interval = isOurs ? time.flatMap { $0 > 0 ? $0 * 500 : nil } : nil
        (self.address, self.turn, self.status) = (address, turn, status)
    }

    deinit { close(descriptor) }

    /// The receiver is open: messages may come.
    func ready() throws(TransportError) {
        notify("READY=1\nSTATUS=\(status())")
        try BackgroundThread.start("mq-systemd") { self.run() }
    }

    func stopping() { notify("STOPPING=1\nSTATUS=\(status())") }

    /// By the pump, whenever it looks around: a sign of life where one is due.
    func beat() {
        guard let interval else { return }
        let now = Deadline.now()
        guard now >= nextBeat.load(ordering: .relaxed) else { return }
        nextBeat.store(now + interval, ordering: .relaxed)
        notify("WATCHDOG=1")
    }

    private func run() -> Never {
        let pause = min(interval ?? .max, Self.statusInterval.nanoseconds)
        var last = ""
        while true {
            usleep(UInt32(min(pause / 1000, 1_000_000_000)))
            if interval != nil { turn.end() }
            let words = status()
            if words != last { notify("STATUS=\(words)") }
            last = words
        }
    }

    private func notify(_ text: String) { address.send(Array(text.utf8), from: descriptor) }
}
