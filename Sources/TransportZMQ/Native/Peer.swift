import Glibc
import MQCore
import ZMTP

/// One connection of the native engine.
final class Peer {
    enum Reading { case bytes, blocked, ended }

    let descriptor: CInt
    /// As notices name it: the endpoint that was bound or connected to.
    let endpoint: String
    /// The dialer that made it; `nil` for one that was accepted.
    let dialer: Dialer?
    var session: Session
    var scanner: FrameScanner
    var input = InputBuffer()
    var output: Output
    /// Who it is, once its handshake is done.
    var greeted: Session.Peer?
    /// Its place among the slots of the fleet.
    var token = 0
    /// What the kernel has said and no call has refused since.
    var mayRead = false
    var mayWrite = true
    /// Whether the kernel has told of its end: reading goes on until that is reached.
    var hasHungUp = false
    /// Everything was read, and the end of it; and whether the peer had read everything by then.
    var hasEnded = false
    private(set) var readAll = false
    /// How many of the messages it was given it has surely read, by what the kernel says.
    var surelyRead: UInt64 = 0
    /// Of a publisher: what its subscriptions know it by.
    var number = 0
    /// Whether it sends messages that are read to where they stay: no more than the next header is read ahead of them.
    var sendsLarge = false
    private static let headerRoom = 64
    /// How many bytes ever came, and of a handshake when the last of them did, or the connection itself.
    private(set) var heard = 0
    var patientSince: UInt64
    /// Whether any byte ever came.
    var hasSpoken: Bool { heard > 0 }
    /// Whether the fleet has let it go.
    var isGone = false
    /// Whether nothing of what it was sent is open any more.
    var isSettled = false
    /// Messages that were handed over.
    var taken: UInt64 = 0
    /// At the end: what was confirmed when it was last looked at, and since when nothing more.
    var progress: (taken: UInt64, since: UInt64) = (0, 0)
    /// An answer to a PING that waits for the one before it to be written.
    var pong: [UInt8]?
    /// Behind a proxy: the frame that stands in front of its messages on the other side, and how many replies it waits for.
    var path = ReturnPath.none
    var owedReplies = 0
    /// Topics it has asked for, and their bytes.
    var topics = (count: 0, bytes: 0)
    /// The lowest number, in the order of sending, of a message that it has not confirmed, where it has any.
    var marks: [(messages: UInt64, floor: Int)] = []
    var floor = Int.max

    init(
        _ descriptor: CInt, endpoint: String, dialer: Dialer?, session: Session, scanner: FrameScanner, pool: BlockPool,
        at now: UInt64
    ) {
        (self.descriptor, self.endpoint, self.dialer, patientSince) = (descriptor, endpoint, dialer, now)
        (self.session, self.scanner, output) = (session, scanner, Output(pool))
    }

    /// The address of its end, for notices; asked for while it is connected.
    private(set) lazy var address = SocketAddress.peer(of: descriptor)

    func event(_ kind: ConnectionEvent.Kind, isWarning: Bool = false, _ sentence: String) -> ConnectionEvent {
        ConnectionEvent(kind, at: endpoint, peer: address, type: session.theirType, isWarning: isWarning, sentence)
    }

    /// Whether the kernel knows what its process has read; over tcp only what its host has.
    var isLocal: Bool { endpoint.hasPrefix("ipc") }
    /// What it calls itself; empty is nothing.
    var identity: [UInt8] { greeted?.identity ?? [] }
    /// Whether it counts what it keeps, as an `mq` does.
    var countsKept: Bool { greeted?.countsKept == true }

    /// Reads once into the buffer.
    func read() -> Reading {
        guard mayRead else { return hasEnded ? .ended : .blocked }
        while true {
            let room = readAhead()
            let count = recv(descriptor, room.baseAddress, room.count, 0)
            if count > 0 {
                input.filled(count)
                noteRead(count, of: room.count)
                return .bytes
            }
            if count < 0 && errno == EINTR { continue }
            mayRead = false
            if count < 0 && errno == EAGAIN { return .blocked }
            hasEnded = true
            // Who closes with something unread leaves a reset behind. Over tcp it may still be on its way.
            readAll = count == 0 && output.isWritten && SocketAddress.pendingError(descriptor) == 0 && Unread.bytes(descriptor) == 0
            return .ended
        }
    }

    /// Room for what is read without knowing what it is.
    func readAhead() -> UnsafeMutableRawBufferPointer {
        let room = input.room()
        return sendsLarge ? UnsafeMutableRawBufferPointer(rebasing: room.prefix(Self.headerRoom)) : room
    }

    /// A read that came back short has emptied the socket, unless its end is all that is left.
    func noteRead(_ count: Int, of room: Int) {
        heard += count
        if count < room && !hasHungUp { mayRead = false }
    }

    /// Writes what the kernel takes, the pending answer to a PING at its end.
    func write() -> Output.Progress {
        if output.isWritten, let answer = pong {
            output.give(command: answer)
            pong = nil
        }
        guard mayWrite else { return output.isWritten ? .done : .blocked }
        let progress = output.write(to: descriptor)
        if progress == .blocked { mayWrite = false }
        if progress == .done, pong != nil { return write() }
        return progress
    }

    /// Says that nothing more comes. A tcp connection closed with input unread is reset, and a reset can overtake the data: what there is
    /// is read away first.
    /// - Parameter deadline: how long to wait for its end: until then it may still read.
    func shutDown(until deadline: Deadline = .immediately) {
        shutdown(descriptor, CInt(SHUT_WR))
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            var turns = 64
            repeat {
                while turns > 0, recv(descriptor, buffer.baseAddress, buffer.count, 0) > 0 { turns -= 1 }
                var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                if turns == 0 || errno != EAGAIN || deadline.hasPassed || poll(&wait, 1, deadline.pollMilliseconds) <= 0 { return }
            } while true
        }
    }
}
