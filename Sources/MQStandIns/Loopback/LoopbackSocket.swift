import Glibc
import MQCore
import Synchronization

/// A blocking stream socket on 127.0.0.1 with time limits, for test brokers and for raw clients of tests.
///
/// Nothing in it changes after `init`, and the kernel allows reading, writing and shutting down from several threads; the
/// descriptor is closed when nobody holds the socket any more, so that no thread can use a number that was given away.
public final class LoopbackSocket: Sendable {
    /// Closed with the socket.
    public let descriptor: CInt

    private init(_ descriptor: CInt) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    // MARK: opening

    /// Listens on 127.0.0.1, or on all interfaces.
    /// - Parameter port: 0 takes a free one; see `localPort`.
    /// - Throws: `StandInFailure`.
    public static func listen(port: Int = 0, isPublic: Bool = false) throws -> LoopbackSocket {
        let made = try make()
        var yes: CInt = 1
        setsockopt(made.descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        let code = address(port, isPublic: isPublic).bind(made.descriptor)
        _ = fcntl(made.descriptor, F_SETFL, O_NONBLOCK)  // `accept` polls
        guard code == 0, Glibc.listen(made.descriptor, 1024) == 0 else {
            throw StandInFailure(
                "cannot listen on \(isPublic ? "0.0.0.0" : "127.0.0.1"):\(port): \(SystemError.words(code == 0 ? errno : code))")
        }
        return made
    }

    /// Connects to 127.0.0.1.
    /// - Throws: `StandInFailure`.
    public static func connect(port: Int) throws -> LoopbackSocket {
        let made = try make()
        let code = address(port).connect(made.descriptor)
        guard code == 0 else {
            throw StandInFailure("cannot connect to 127.0.0.1:\(port): \(SystemError.words(code))")
        }
        made.setNoDelay()
        return made
    }

    /// - Returns: the next connection, or nil once the listening socket was shut down.
    public func accept() -> LoopbackSocket? {
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&waiting, 1, -1)
            let taken = Self.accept4(descriptor, nil, nil, CInt(SOCK_CLOEXEC.rawValue))
            if taken >= 0 {
                let made = LoopbackSocket(taken)
                made.setNoDelay()
                return made
            }
            switch errno {
            case EINTR, EAGAIN, ECONNABORTED: continue
            case EMFILE, ENFILE: usleep(1000)
            default: return nil
            }
        }
    }

    /// accept(2) whose descriptor no program inherits, even one that starts at this moment. The Glibc module does not show it.
    private static let accept4:
        @convention(c) @Sendable (CInt, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?, CInt) -> CInt = {
            guard let symbol = dlsym(nil, "accept4") else { preconditionFailure("accept4 is missing in libc") }
            return unsafeBitCast(
                symbol,
                to: (@convention(c) @Sendable (CInt, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?, CInt) -> CInt).self)
        }()

    private static func make() throws -> LoopbackSocket {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw StandInFailure("no socket: \(SystemError.words(errno))") }
        return LoopbackSocket(descriptor)
    }

    private static func address(_ port: Int, isPublic: Bool = false) -> SocketAddress {
        HostLookup.numeric(isPublic ? "0.0.0.0" : "127.0.0.1", port: UInt16(port))!
    }

    /// A port that is free, for a program that cannot say which one it took. Given away once, and outside of the range from which
    /// the kernel takes the ports of outgoing connections: nobody has it when the program starts, or starts again.
    /// - Throws: `StandInFailure`.
    public static func freePort() throws -> Int {
        for _ in 0..<1000 {
            let number = lastPort.wrappingAdd(1, ordering: .relaxed).newValue
            // Processes that run side by side begin at different places.
            let port = 20_000 + (Int(getpid()) &* 97 &+ number) % 12_000
            if (try? listen(port: port)) != nil { return port }
        }
        throw StandInFailure("no free port between 20000 and 32000")
    }

    private static let lastPort = Atomic<Int>(0)

    /// The port of our end.
    public var localPort: Int { Int(SocketAddress.local(of: descriptor)?.port ?? 0) }

    // MARK: settings

    private func setNoDelay() {
        var yes: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Later reads give up after `limit`; nil waits for ever.
    public func setReadLimit(_ limit: Duration?) {
        let parts = (limit ?? .zero).components
        var time = timeval(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    // MARK: reading and writing

    /// What one read brought.
    public enum ReadOutcome: Sendable, Equatable {
        case bytes(Int)
        case ended
        case timedOut
        case failed(CInt)
    }

    /// Reads once into `buffer`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            let number = errno
            if number == EINTR { continue }
            return number == EAGAIN ? .timedOut : .failed(number)
        }
    }

    /// Reads once, up to 64 KiB, behind what is in `bytes`.
    public func read(appendingTo bytes: inout [UInt8]) -> ReadOutcome {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let outcome = read(into: buffer)
            if case .bytes(let count) = outcome { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return outcome
        }
    }

    /// Writes all of `bytes`.
    /// - Returns: whether the peer still took it.
    @discardableResult
    public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.send(descriptor, part.baseAddress, part.count, CInt(MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The same for an array.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { write($0) } }

    /// The same for the UTF-8 of a text.
    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    // MARK: ending

    /// No more is read or written by anybody: threads that block in this socket return.
    public func shutDown() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// From now on closing sends RST and drops what was written and has not left: what the peer did not read yet may be lost.
    public func resetWhenClosed() {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }
}
