import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// The parts of a bridge that need no queue.
@Suite(.timeLimit(.minutes(1)))
struct BridgePartTests {
    private func batch(_ bodies: [String]) -> Batch {
        var batch = Batch()
        for body in bodies { batch.append(body.utf8) }
        return batch
    }

    @Test func aLoadKnowsThePositionsOfItsMessages() {
        let batch = batch((0..<10).map { "\($0)" }), load = BridgeLoad()
        load.append(batch, 0..<3, at: 100)
        load.append(batch, 3..<4, at: 103)
        load.append(batch, 6..<10, at: 106)
        var found: [Range<Int>] = []
        load.forEachRun(2..<6) { indices, positions in
            #expect(indices.count == positions.count)
            found.append(positions)
        }
        #expect(found == [102..<104, 106..<108])
        #expect(load.batch.bodies.map { String(decoding: $0, as: UTF8.self) } == ["0", "1", "2", "3", "6", "7", "8", "9"])
    }

    /// Messages whose verdicts come in any order, against a list.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aLoadKnowsWhatIsOpen(seed: UInt64) {
        var random = seed &* 0x9e37_79b9_7f4a_7c15
        func next(_ limit: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % limit
        }
        let load = BridgeLoad()
        load.append(batch((0..<50).map { "\($0)" }), 0..<50, at: 0)
        load.handed = 50
        var isOpen = [Bool](repeating: true, count: 50), done = 0
        while done < 50 {
            if next(3) == 0 {
                let index = done + next(50 - done)
                if isOpen[index] {
                    load.settle(index..<index + 1, isDone: false)
                    isOpen[index] = false
                }
            } else {
                let end = min(50, done + 1 + next(6))
                // Those that are done come without the ones that were refused.
                for index in done..<end where isOpen[index] {
                    load.settle(index..<index + 1, isDone: true)
                    isOpen[index] = false
                }
                done = end
            }
            var open: [Int] = []
            load.forEachOpen(0..<50) { open += $0 }
            #expect(open == isOpen.indices.filter { isOpen[$0] } && load.unconfirmed == open.count)
        }
        #expect(load.isSettled)
    }

    @Test func aCopyIsDoneWhenTheLastDestinationHasIt() {
        var copies = BridgeCopies()
        copies.begin(0..<4, copies: 2)
        #expect(copies.hear(Verdict(0..<3, .done)).isEmpty)
        #expect(copies.hear(Verdict(1..<2, .done)) == [1..<2])
        #expect(copies.hear(Verdict(0..<1, .again(after: nil))) == [0..<1])
        // The late one of a message that went back.
        #expect(copies.hear(Verdict(0..<1, .done)).isEmpty)
        #expect(copies.hear(Verdict(2..<4, .done)) == [2..<3])
        #expect(copies.hear(Verdict(3..<4, .done)) == [3..<4])
        copies.begin(10..<12, copies: 2)
        #expect(copies.hear(Verdict(10..<12, .done)).isEmpty && copies.hear(Verdict(10..<12, .done)) == [10..<12])
    }

    @Test func newIdentitiesAreMadeOfTheMessagesOwn() throws {
        var marks = BridgeMarks()
        (marks.maxHops, marks.renewsIdentity) = (0, true)
        var properties = MessageProperties()
        (properties.id, properties.dedup) = ("7", "d")
        marks.change(for: try ResolvedAddress("mem:q", options: []).descriptor)?(&properties)
        #expect(properties.dedup == "mq-7" && properties.attributes.isEmpty)
    }

    @Test func aSideThatNeverConnectedSaysSo() {
        var link = BridgeLink(side: "destination nsq:q", retry: nil)
        let refused = TransportError(.unreachable, "connection refused")
        let words = link.failed(refused)
        #expect(words?.hasPrefix("destination nsq:q: never connected since ") == true)
        #expect(words?.contains(": connection refused; next try in ") == true)
        // The same again is no news.
        #expect(link.failed(refused) == nil && link.hasHope(after: refused))
        #expect(link.connected()?.hasPrefix("destination nsq:q: connected after ") == true && link.reconnects == 0)
        #expect(link.failed(refused)?.contains("disconnected since") == true)
        #expect(link.connected()?.contains("connected again after") == true && link.reconnects == 1)
        #expect(!link.hasHope(after: TransportError(.permission, "denied")))
        #expect(!link.hasHope(after: TransportError(.noSuchQueue, "no such queue")))
    }

    @Test(arguments: [
        ("attr.kind=order", true), ("attr.kind!=order", false), ("attr.count>=3", true), ("attr.count<3", false), ("size=5", true),
        ("size>5", false), ("attr.absent=", false), ("attr.absent!=x", true), ("group=g", true), ("attempts<=2", true),
    ])
    func aConditionHoldsOrDoesNot(text: String, holds: Bool) throws {
        var batch = Batch()
        batch.append("hello".utf8)
        var properties = MessageProperties()
        properties.attributes = [Attribute(name: "kind", value: "order".bytes), Attribute(name: "count", type: "Number", value: "3".bytes)]
        (properties.group, properties.attempts) = ("g", 2)
        batch.setProperties(properties)
        #expect(try MessageCondition(parsing: text).holds(batch, 0) == holds)
    }

    @Test(arguments: ["", "kind", "=x", "attr.=x", "kind=x", "size>big", "sise>1"])
    func aConditionThatMeansNothingIsRefused(text: String) {
        #expect(failure { try MessageCondition(parsing: text) }?.code == .usage)
    }

    @Test func aPatternSeesEveryByte() throws {
        let pattern = try BodyPattern("b.*d$")
        func matches(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { pattern.matches($0) } }
        #expect(matches("abcd".bytes) && !matches("abc".bytes) && !matches([]))
        #expect(matches([0xff, 0] + "bcd".bytes) && matches("b\u{e9}d".bytes))
        #expect(failure { try BodyPattern("(") }?.code == .usage)
    }

    @Test(arguments: [
        ["mem:q", "mem:q"], ["mem:q", "mem:a", "mem:b"], ["mem:q", "mem:a", "mem:a", "--copy"], ["mem:q"], ["nope:q", "mem:a"],
        ["mem:q", "nope:a"], ["nsq:t/c", "nsq:t"], ["mem:q", "mem:a", "mem:b", "--copy", "--distribute"], ["mem:q", "mem:a", "--filter"],
        ["mem:q", "mem:a", "--", "cat"], ["mem:q", "mem:a", "--map", "--filter", "--", "cat"], ["mem:q", "mem:a", "-F", "lines"],
        ["mem:q", "mem:a", "--map", "--", "no-such-command-anywhere"], ["mem:q", "mem:a", "--map", "--", "/etc/passwd"],
        ["mem:q", "mem:a", "--map", "-F", "whole", "--", "cat"], ["mem:q", "mem:a", "--dead-letter", "mem:q"],
        ["mem:q", "mem:a", "--where", "x"], ["mem:q", "mem:a", "--match", "["], ["mem:q", "mem:a", "--map", "--", ""],
    ])
    func mistakesAreNamedBeforeAnythingIsOpened(words: [String]) {
        #expect(failure { try Program.parse(["bridge"] + words).perform(quiet) }?.code == .usage)
    }

    @Test(arguments: [["posix-mq:/q", "mem:a", "--dry-run"], ["mem:q", "nsq:t", "--new-dedup"]])
    func whatATransportCannotDoIsRefused(words: [String]) {
        #expect(failure { try Program.parse(["bridge"] + words).perform(quiet) }?.code == .unsupported)
    }
}
