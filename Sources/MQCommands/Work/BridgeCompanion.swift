import Glibc
import MQCore

/// The thread of a filter's or a map's command: it writes records, reads an answer for each, and starts the command again when it ends.
final class BridgeCompanion {
    /// So much is written ahead of the answers.
    private static let ahead = 1 << 16
    /// How often in a row the command may end without an answer.
    private static let patience = 5
    /// How long the command may take to end.
    private static let hurry = Duration.seconds(5)

    private let sieve: BridgeSieve
    private let plan: BridgeSieve.Plan
    private let console: Console
    /// Messages that were written to the command and are not answered, and those that are still to be written.
    private var loads: [BridgeLoad] = []
    /// How many of the first load are answered.
    private var answered = 0
    private var output: [UInt8] = []
    private var written = 0
    private var input = Batch()
    private var parser: RecordParser
    private var news = BridgeSieve.News()
    private var order = BridgeDestination.Order.carry
    private var end = Deadline.never
    private var deaths = 0
    private var json = JSONText()

    private init(_ sieve: BridgeSieve, _ console: Console) {
        (self.sieve, plan, self.console) = (sieve, sieve.plan, console)
        parser = Self.parser(sieve.plan)
    }

    private static func parser(_ plan: BridgeSieve.Plan) -> RecordParser { RecordParser(plan.framing == .jsonl ? .lines : plan.framing) }

    /// - Throws: `failure` when there is no thread.
    static func start(for sieve: BridgeSieve, console: Console) throws(TransportError) {
        try BackgroundThread.start("mq-bridge-cmd", blockingSignals: true) { BridgeCompanion(sieve, console).run() }
    }

    private func run() {
        while order < .close {
            do throws(TransportError) { try converse() } catch {
                news.failure = error
                giveBack()
                sieve.report(news)
                news = BridgeSieve.News()
                order = .giveBack
            }
            if order == .giveBack { awaitEnd() }
        }
    }

    /// Nothing is left to do but to hear that this is the end.
    private func awaitEnd() {
        while order < .close {
            sieve.wake.lower()
            attend()
            giveBack()
            report()
            if order < .close { _ = Readiness.wait(for: 0, on: -1, until: .never, stop: sieve.wake) }
        }
    }

    // MARK: - One life of the command

    private func converse() throws(TransportError) {
        let asking = try Pipe()
        let answering = try Pipe()
        var child = try start(asking.reading.descriptor, answering.writing.descriptor)
        let (question, answer) = (asking.writing.release(), answering.reading.release())
        // Those of the command: the last one that is closed tells that it has ended.
        for descriptor in [asking.reading.release(), answering.writing.release()] { close(descriptor) }
        var isOpen = true
        defer {
            if isOpen { close(question) }
            close(answer)
        }
        for descriptor in [question, answer] { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
        (output, written) = ([], 0)
        input.removeAll()
        input = Batch()
        parser = Self.parser(plan)
        while true {
            sieve.wake.lower()
            attend()
            if order == .close {
                close(question)
                isOpen = false
                _ = child.wait(until: .after(Self.hurry), stop: StopFlag())
                return
            }
            if order == .giveBack && (end.hasPassed || unanswered == 0) { return }
            ask()
            report()
            wait(question, answer)
            let isBroken = write(to: question)
            if try read(from: answer) || isBroken { return try bury(child.end(within: .milliseconds(500))) }
        }
    }

    private func start(_ input: CInt, _ output: CInt) throws(TransportError) -> ChildProcess {
        var command = ChildCommand(plan.command)
        command.diesWithParent = true
        return try ChildProcess(command, descriptors: [(input, STDIN_FILENO), (output, STDOUT_FILENO)])
    }

    private func attend() {
        let (order, load) = sieve.next()
        if let load { loads.append(load) }
        if order >= .giveBack {
            if self.order < .giveBack { end = .after(plan.grace) }
            giveBackUnasked()
        }
        self.order = max(self.order, order)
    }

    private func wait(_ question: CInt, _ answer: CInt) {
        var descriptors = [
            pollfd(fd: written < output.count ? question : -1, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: answer, events: Int16(POLLIN), revents: 0),
            pollfd(fd: sieve.wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 3, end.pollMilliseconds)
    }

    /// What ended, and what becomes of the record in hand: it goes back, and those behind it are asked of the next.
    private func bury(_ reason: ExitReason) throws(TransportError) {
        deaths += 1
        let name = plan.command[0]
        if unanswered > 0, let load = loads.first {
            console.warn("'\(name)' ended with \(reason.words): the message in hand goes back")
            load.forEachRun(answered..<answered + 1) { news.verdicts.append(Verdict($1, .again(after: nil))) }
            answered += 1
        } else {
            console.warn("'\(name)' ended with \(reason.words)")
        }
        for load in loads { load.handed = 0 }
        loads.first?.handed = answered
        removeAnswered()
        report()
        if deaths >= Self.patience {
            throw TransportError(.failure, "'\(name)' ended \(deaths) times without an answer, last with \(reason.words)")
        }
        // Not at once: a command that fails at its start would be started without a pause.
        _ = Readiness.wait(for: 0, on: -1, until: .after(.milliseconds(50 << deaths)), stop: sieve.wake)
    }

    // MARK: - Questions

    private var unanswered: Int { loads.reduce(0) { $0 + $1.handed } - answered }

    private func ask() {
        guard written == output.count || output.count - written < Self.ahead / 2 else { return }
        if written > 0 {
            output.removeFirst(written)
            written = 0
        }
        for load in loads {
            while load.handed < load.count && output.count < Self.ahead {
                if let complaint = complaint(load, load.handed) {
                    guard unanswered == 0 else { return }
                    refuse(load, complaint)
                    continue
                }
                encode(load, load.handed)
                load.handed += 1
            }
        }
        removeAnswered()
    }

    /// Takes the message that comes next out, once everything before it is answered.
    private func refuse(_ load: BridgeLoad, _ complaint: String) {
        let error = TransportError(.malformed, complaint, hint: "-F len32 carries any bytes")
        load.forEachRun(load.handed..<load.handed + 1) {
            news.verdicts.append(Verdict($1, plan.buriesRefused ? .refused(error) : .stop(error)))
        }
        load.handed += 1
        answered += 1
        removeAnswered()
    }

    private func complaint(_ load: BridgeLoad, _ index: Int) -> String? {
        guard let terminator = plan.framing.terminator, load.batch.firstAmbiguous(terminator, in: index..<index + 1) != nil else {
            return nil
        }
        return "its body holds what ends a record for the command (\(plan.framing.word))"
    }

    private func encode(_ load: BridgeLoad, _ index: Int) {
        let body = load.batch.bytes(of: index)
        switch plan.framing {
        case .jsonl:
            json.removeAll()
            Envelope.encode(body, load.batch.properties(of: index), into: &json)
            output += json.bytes
            output.append(0x0a)
        case .netstring:
            output += "\(body.count):".utf8
            output += body
            output.append(UInt8(ascii: ","))
        default:
            if plan.framing == .len32 { withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count).bigEndian) { output += $0 } }
            output += body
            output += plan.framing.terminator ?? []
        }
    }

    /// Whether nobody reads any more.
    private func write(to question: CInt) -> Bool {
        guard written < output.count else { return false }
        let count = output.withUnsafeBytes { Glibc.write(question, $0.baseAddress! + written, $0.count - written) }
        if count > 0 { written += count }
        return count < 0 && errno != EAGAIN && errno != EINTR
    }

    // MARK: - Answers

    /// Takes the answers that have come; whether no more will.
    private func read(from answer: CInt) throws(TransportError) -> Bool {
        let room = input.prepareRefill(minimum: Self.ahead)
        let count = Glibc.read(answer, room.baseAddress, room.count)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return false }
        if count <= 0 { return true }
        input.refilled(count)
        do throws(TransportError) { try parser.frame(&input, atEnd: false) } catch {
            try take(0..<input.count)
            console.warn("'\(plan.command[0])' answers what is not a record: \(error.message)")
            return true
        }
        try take(0..<input.count)
        return false
    }

    private func take(_ answers: Range<Int>) throws(TransportError) {
        guard !answers.isEmpty else { return }
        deaths = 0
        let kept = BridgeLoad()
        for index in answers {
            guard let load = loads.first, unanswered > 0 else {
                throw TransportError(
                    .failure, "'\(plan.command[0])' answers what was not asked", hint: "it owes one record for each that it reads")
            }
            try answer(load, index, kept)
            answered += 1
            removeAnswered()
        }
        if !kept.isEmpty { news.kept.append(kept) }
    }

    private func answer(_ load: BridgeLoad, _ index: Int, _ kept: BridgeLoad) throws(TransportError) {
        var position = 0
        load.forEachRun(answered..<answered + 1) { position = $1.lowerBound }
        let body = input.bytes(of: index)
        guard plan.maps else {
            if body.isEmpty { return news.filtered.add(position..<position + 1) }
            return kept.append(load.batch, answered..<answered + 1, at: position)
        }
        var properties = load.batch.hasProperties ? load.batch.properties(of: answered) : nil
        properties?.frames = nil
        guard plan.framing == .jsonl else { return kept.append(body, properties, at: position) }
        var own: [UInt8] = []
        let id = properties?.id
        properties = try Envelope.decode(body, body: &own)
        properties?.id = id
        own.withUnsafeBytes { kept.append($0, properties, at: position) }
    }

    private func removeAnswered() {
        while let load = loads.first, answered >= load.count {
            loads.removeFirst()
            answered = 0
        }
    }

    // MARK: - Leaving

    private func giveBackUnasked() {
        for load in loads {
            load.forEachRun(load.unhanded) { news.verdicts.append(Verdict($1, .again(after: .zero))) }
            load.dropUnhanded()
        }
        removeAnswered()
    }

    private func giveBack() {
        giveBackUnasked()
        if let load = loads.first { load.forEachRun(answered..<load.count) { news.verdicts.append(Verdict($1, .again(after: .zero))) } }
        for load in loads.dropFirst() { load.forEachRun(0..<load.count) { news.verdicts.append(Verdict($1, .again(after: .zero))) } }
        (loads, answered) = ([], 0)
    }

    private func report() {
        sieve.report(news)
        news = BridgeSieve.News()
    }
}
