internal import MQCore
internal import MQNet
internal import Synchronization

/// Carries out, on a thread of its own, what the reception on its desk calls for, until that is done with.
final class ReceiveService {
    private let connection: Connection
    private let desk: ReceiveDesk
    private let requests: ReceiveRequests
    private let crypto: Crypto?
    private let notices: Notices
    private var wakesOwner = false

    init(_ connection: Connection, url: String, desk: ReceiveDesk, visibility: Int, _ notices: Notices) {
        self.connection = connection
        self.desk = desk
        self.notices = notices
        requests = ReceiveRequests(url: url, visibility: visibility)
        crypto = try? Crypto.shared()
        connection.stop = desk.abandon
    }

    func run() {
        var failure: TransportError?
        do throws(TransportError) {
            while !desk.abandon.isRaised {
                let (actions, due, isDone) = desk.reception.withLock { $0.advance(at: connection.clocks.monotonic()) }
                for action in actions { try perform(action) }
                // Once for all that came, and after the requests that this called for.
                if wakesOwner { desk.wakeOwner() }
                wakesOwner = false
                if isDone { break }
                let completions = try connection.http.wait(until: connection.clocks.bound(Deadline(nanoseconds: due)), stop: desk.abandon)
                if completions.isEmpty { desk.reception.withLock { $0.isFlowing = false } }
                for completion in completions { handle(completion) }
            }
        } catch {
            failure = error
        }
        desk.reception.withLock { $0.end(failure) }
        desk.wakeOwner()
    }

    private func perform(_ action: Reception.Action) throws(TransportError) {
        switch action {
        case .cancel(let tag): connection.http.cancel(tag)
        case .start(let tag, .poll(let poll), _):
            try connection.start(
                "ReceiveMessage", body: requests.body(of: poll), tag: tag, timeout: .seconds(poll.wait) + Connection.usualTimeout)
        case .start(let tag, .job(let job), let receipts):
            let operation = ReceiveRequests.operation(of: .job(job))
            try connection.start(operation, body: requests.body(of: job, receipts), tag: tag)
        }
    }

    // MARK: - Replies

    private func handle(_ completion: HTTPCompletion) {
        guard let exchange = desk.reception.withLock({ $0.ended(completion.tag) }) else { return }
        let operation = ReceiveRequests.operation(of: exchange)
        switch connection.interpret(completion.result, of: operation) {
        case .failure(let failure): failed(exchange, failure)
        case .success(let bytes):
            do throws(TransportError) {
                switch exchange {
                case .poll(let poll): try arrived(bytes, poll)
                case .job(let job): try finished(bytes, job)
                }
            } catch {
                failed(exchange, .garbled("\(operation): the reply cannot be read: \(error.message)"))
            }
        }
    }

    private func failed(_ exchange: Reception.Exchange, _ failure: ServiceFailure, isPartial: Bool = false) {
        var exchange = exchange
        let decision: RetryPolicy.Decision
        switch exchange {
        case .poll(var poll):
            decision = connection.decide(failure, &poll.history)
            exchange = .poll(poll)
        case .job(var job):
            decision = connection.decide(failure, &job.history, isPartial: isPartial)
            exchange = .job(job)
        }
        if decision == .giveUp && failure.error.code == .noSuchQueue { connection.forgetURL() }
        let ends = desk.reception.withLock { reception in
            reception.failed(exchange, decision, failure.error, at: connection.clocks.monotonic())
            return reception.failure != nil
        }
        if ends { desk.wakeOwner() }
    }

    private func arrived(_ bytes: [UInt8], _ poll: Reception.Poll) throws(TransportError) {
        var messages = try ReceiveReply.parse(bytes)
        connection.succeeded(after: poll.history)
        messages.removeAll { message in
            guard let crypto, let digest = message.digest, message.body.withUnsafeBytes({ crypto.md5($0) }) != digest else { return false }
            notices.warn("message \(message.id ?? "") came damaged (its MD5 differs) and is left in the queue")
            return true
        }
        for index in messages.indices { messages[index].decode() }
        if desk.reception.withLock({ $0.arrived(messages, poll, at: connection.clocks.monotonic()) }) { wakesOwner = true }
    }

    private func finished(_ bytes: [UInt8], _ job: Reception.Job) throws(TransportError) {
        let reply = try SendReply(parsing: bytes)
        guard reply.isOfBatch else {
            let error = TransportError.notBatch(ReceiveRequests.operation(of: .job(job)), job.positions.count)
            return failed(.job(job), ServiceFailure(kind: .final, code: "", error: error))
        }
        connection.succeeded(after: job.history)
        let now = connection.clocks.monotonic()
        guard let (rest, reason) = desk.reception.withLock({ $0.finished(job, reply, at: now) }) else { return }
        failed(.job(rest), reason, isPartial: true)
    }
}
