import Glibc
import MQCore

/// What commands write that run at once, on its way to the streams of this program: lines are never mixed, and nobody is waited for.
final class OutputMixer {
    let output = SharedStream(STDOUT_FILENO)
    let errors = SharedStream(STDERR_FILENO)
    private let events: EventSet
    private let stop: StopFlag
    /// Streams of commands that are not read while the reader of ours is behind.
    private var paused: [(descriptor: CInt, token: UInt64)] = []
    private var awaited: Set<CInt> = []
    private var hasFailed = false

    init(_ events: EventSet, stop: StopFlag) { (self.events, self.stop) = (events, stop) }

    /// No more is to be begun: what there is is not even read.
    var isFull: Bool { output.isFull || errors.isFull }

    /// Reads what a command has written, unless the reader of that stream is behind: then the command waits, and nobody else.
    func read(_ stream: SlotStream, _ place: ChildDescriptor) {
        if stream.sink?.isFull == true {
            events.change(stream.descriptor, 0, token: place.token)
            paused.append((stream.descriptor, place.token))
        } else {
            stream.read()
        }
    }

    /// A command that writes to our standard output itself notices first that its reader has gone.
    func checkReader() {
        var entry = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        if poll(&entry, 1, 0) > 0, entry.revents & Int16(POLLERR) != 0 { stop.raise(.readerGone) }
    }

    /// Writes what there is room for.
    /// - Returns: why standard output cannot be written to, once. A reader that has gone ends the program as it ends every filter.
    func flush() -> TransportError? {
        flush(output)
        flush(errors)
        if !paused.isEmpty && !isFull {
            for stream in paused { events.change(stream.descriptor, POLLIN, token: stream.token) }
            paused.removeAll()
        }
        guard let failure = output.failure, !hasFailed else { return nil }
        hasFailed = true
        if failure == EPIPE {
            stop.raise(.readerGone)
            return nil
        }
        return TransportError(.inputOutput, "standard output: \(SystemError.words(failure))", errno: failure)
    }

    private func flush(_ stream: SharedStream) {
        guard stream.hasPending else { return }
        stream.flush()
        if stream.hasPending {
            if awaited.insert(stream.descriptor).inserted { events.add(stream.descriptor, POLLOUT, token: ChildDescriptor.own) }
        } else if awaited.remove(stream.descriptor) != nil {
            events.remove(stream.descriptor)
        }
    }

    /// Who has asked the program to end waits no longer than a moment for a reader that is behind.
    func close() {
        let (deadline, stop) = stop.isRaised ? (Deadline.after(.milliseconds(500)), StopFlag()) : (Deadline.never, stop)
        output.flush(until: deadline, stop: stop)
        errors.flush(until: deadline, stop: stop)
    }
}
