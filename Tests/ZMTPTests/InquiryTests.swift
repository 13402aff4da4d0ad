import MQCore
import MQStandIns
import MQTesting
import Testing
import ZMTP

/// An inquiry that expectations may change.
private final class Asker {
    private var inquiry: Inquiry

    init(isNumbered: Bool = true, after first: UInt32, mayLackPath: Bool = false) {
        inquiry = Inquiry(isNumbered: isNumbered, after: first, mayLackPath: mayLackPath)
    }

    func begin() { inquiry.begin() }
    func path(to peer: Int) -> ReturnPath { inquiry.path(to: peer) }
    func giveUp(isFirst: Bool) -> Bool { inquiry.giveUp(isFirst: isFirst) }
    func echo(of peer: Int) -> Inquiry.Echo { inquiry.echo(of: peer) }

    /// A reply whose frames are these.
    func judge(isFirst: Bool = true, _ frames: [[UInt8]]) -> Inquiry.Verdict {
        Array(frames.joined()).withUnsafeBytes { inquiry.judge(isFirst: isFirst, frames: frames.map(\.count), $0) }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct InquiryTests {

    private let body: [UInt8] = [1, 2, 3, 4, 5]

    @Test func aPathEndsBehindTheFirstEmptyFrameThatIsNotTheLast() {
        #expect(ReturnPath.end(in: [0, 5])! == (1, 0))
        #expect(ReturnPath.end(in: [3, 4, 0, 0, 1])! == (3, 7))
        #expect(ReturnPath.end(in: [0, 0])! == (1, 0))
        for frames in [[], [0], [5], [5, 0], [1, 2, 3]] { #expect(ReturnPath.end(in: frames) == nil) }
        #expect(ReturnPath.numbered(0x0102_0304) == ReturnPath(bytes: [1, 2, 3, 4], frames: [4, 0]))
    }

    @Test func aBlockHasThePathInFrontOfTheBody() {
        let block = FrameBlock()
        body.withUnsafeBytes { block.append($0, frames: [2, 0, 3], behind: .numbered(7)) }
        body.withUnsafeBytes { block.append($0, frames: nil, behind: .plain) }
        body.withUnsafeBytes { block.append($0, frames: nil, behind: .none) }
        #expect(block.messages == 3)
        let path: [UInt8] = [1, 4, 0, 0, 0, 7, 1, 0], frames: [UInt8] = [1, 2, 1, 2, 1, 0, 0, 3, 3, 4, 5]
        let expected: [UInt8] = path + frames + [1, 0, 0, 5] + body + [0, 5] + body
        #expect(Array(block.unsent) == expected)
    }

    @Test func aNumberThatComesBackTellsALateReplyFromTheOneAwaited() {
        let inquiry = Asker(after: .max - 1)
        inquiry.begin()
        #expect(inquiry.path(to: 1) == .numbered(.max))
        #expect(inquiry.judge([[0xff, 0xff, 0xff, 0xff], [], body]) == .reply(frames: 2, bytes: 4))
        #expect(inquiry.echo(of: 1) == .sends)
        inquiry.begin()
        #expect(inquiry.path(to: 1) == .numbered(0))
        for frames in [
            [[0xff, 0xff, 0xff, 0xff], [], body], [[0, 0, 0], [], body], [[0, 0, 0, 0], body], [[0, 0, 0, 0], [1], [], body], [[]],
        ] {
            #expect(inquiry.judge(frames) == .stray, "\(frames)")
        }
        // The connection may go on: what is late can be told.
        #expect(!inquiry.giveUp(isFirst: true))
        // The same request once more: any reply to it will do.
        #expect(inquiry.path(to: 1) == .numbered(0))
        #expect(inquiry.judge(isFirst: false, [[], body]) == .stray)
        #expect(inquiry.judge(isFirst: false, [[0, 0, 0, 0], [], body]) == .reply(frames: 2, bytes: 4))
    }

    @Test func aPeerThatDoesNotSendItBackIsAskedWithoutAndOverANewConnection() {
        let inquiry = Asker(after: 1)
        inquiry.begin()
        _ = inquiry.path(to: 1)
        #expect(inquiry.judge([[], body]) == .reply(frames: 1, bytes: 0))
        #expect(inquiry.echo(of: 1) == .lacks && inquiry.path(to: 1) == .plain)
        #expect(inquiry.giveUp(isFirst: true))
        // One that never said anything may not be able to read it.
        #expect(inquiry.path(to: 2) == .numbered(2))
        #expect(inquiry.giveUp(isFirst: true) && inquiry.path(to: 2) == .plain)
        // One that did, and is silent twice, may have been replaced.
        _ = inquiry.path(to: 3)
        #expect(inquiry.judge([[0, 0, 0, 2], [], body]) == .reply(frames: 2, bytes: 4))
        #expect(!inquiry.giveUp(isFirst: true) && inquiry.giveUp(isFirst: false) && inquiry.path(to: 3) == .plain)
    }

    @Test func withoutNumbersOnlyThePathDecides() {
        let (inquiry, dealer) = (Asker(isNumbered: false, after: 1), Asker(isNumbered: false, after: 1, mayLackPath: true))
        #expect(inquiry.path(to: 1) == .plain && dealer.path(to: 1) == .plain)
        #expect(!inquiry.giveUp(isFirst: true))
        #expect(inquiry.judge([[], body]) == .reply(frames: 1, bytes: 0))
        #expect(inquiry.judge([[0, 0, 0, 1], [], body]) == .stray)
        #expect(inquiry.judge([body]) == .stray)
        #expect(dealer.judge([body]) == .reply(frames: 0, bytes: 0))
    }

    /// Whatever a peer sends, in whatever order it is late: what is taken for a reply is one to the request in hand.
    @Test func noRepliesAreWronglyPaired() {
        let rounds = Fuzz.rounds(for: .milliseconds(500)) { generator, seed in
            let echoes = Bool.random(using: &generator)
            let inquiry = Asker(after: .random(in: 0 ... .max, using: &generator))
            // What is on its way back over each connection, with the request it belongs to.
            var (pending, isFirst) = ([(request: UInt8, frames: [[UInt8]])](), true)
            for request in UInt8(1)...60 {
                inquiry.begin()
                var isAnswered = false
                while !isAnswered {
                    let path = inquiry.path(to: 1)
                    let number = Array(path.bytes)
                    if Int.random(in: 0..<4, using: &generator) > 0 {
                        pending.append((request, (echoes && !number.isEmpty ? [number] : []) + [[], [request]]))
                    }
                    if Int.random(in: 0..<8, using: &generator) == 0 {
                        let noise = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                            (0..<Int.random(in: 1...5, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
                        }
                        #expect(inquiry.judge(isFirst: isFirst, noise) == .stray)
                    }
                    // Some of it comes in time.
                    for _ in 0..<Int.random(in: 0...2, using: &generator) where !pending.isEmpty && !isAnswered {
                        let (of, frames) = pending.removeFirst()
                        guard case .reply = inquiry.judge(isFirst: isFirst, frames) else { continue }
                        isAnswered = true
                        #expect(of == request, "seed \(seed)")
                    }
                    if isAnswered { break }
                    if inquiry.giveUp(isFirst: isFirst) {
                        (pending, isFirst) = ([], true)
                    } else {
                        isFirst = false
                    }
                }
            }
        }
        #expect(rounds > 1)
    }
}
