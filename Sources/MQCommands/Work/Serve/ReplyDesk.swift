import MQCore
import Synchronization

/// Where a work hands in its replies.
final class ReplyDesk {
    /// What a request gets whose command failed.
    enum OnError: Equatable {
        case silent
        case text([UInt8])

        init(_ word: String) {
            switch word {
            case "silent": self = .silent
            case "empty": self = .text([])
            default: self = .text(word.rawBytes)
            }
        }
    }

    /// Set as soon as it is open.
    var responder: (any Responder)?
    let counters = ServeCounters()
    private let onError: OnError
    private let console: Console
    private var batch = Batch(byteCapacity: 1 << 12)

    init(onError: OnError = .silent, console: Console) { (self.onError, self.console) = (onError, console) }

    /// Replies with a message of a batch.
    func answer(_ position: Int, with batch: borrowing Batch, _ index: Int) throws(TransportError) {
        try send(position, with: batch, index, counting: counters.answered)
    }

    /// Replies with these bytes.
    func answer(_ position: Int, _ body: [UInt8], frames: [Int]? = nil) throws(TransportError) {
        fill(body, frames)
        try send(position, with: batch, 0, counting: counters.answered)
    }

    /// A request whose command failed has the answer that such have, or none.
    func fail(_ position: Int, because words: String) throws(TransportError) {
        console.detail("request \(position + 1) has failed: \(words)")
        guard case .text(let body) = onError else {
            counters.failed.add(1, ordering: .relaxed)
            return
        }
        fill(body, nil)
        try send(position, with: batch, 0, counting: counters.failed)
    }

    private func fill(_ body: [UInt8], _ frames: [Int]?) {
        batch.removeAll()
        batch.append(body)
        guard let frames else { return }
        var properties = MessageProperties()
        properties.frames = frames
        batch.setProperties(properties)
    }

    private func send(_ position: Int, with batch: borrowing Batch, _ index: Int, counting: borrowing Atomic<Int>) throws(TransportError) {
        guard let responder else { preconditionFailure("requests come from a responder") }
        if try responder.reply(to: position, with: batch, index) {
            counting.add(1, ordering: .relaxed)
        } else {
            counters.undelivered.add(1, ordering: .relaxed)
        }
    }
}
