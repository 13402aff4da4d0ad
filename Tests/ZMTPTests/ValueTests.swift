import Glibc
import MQStandIns
import MQTesting
import Synchronization
import Testing
import ZMTP

@Suite(.timeLimit(.minutes(1)))
struct ValueTests {
    private func matching(_ tree: SubscriptionTree, _ frame: [UInt8]) -> PeerSet {
        var found = PeerSet()
        frame.withUnsafeBytes { tree.match($0, into: &found) }
        return found
    }

    @Test func aTreeFindsWhatAListFinds() {
        let rounds = Fuzz.rounds { generator, seed in
            var (tree, list) = (SubscriptionTree(), [(topic: [UInt8], peer: Int)]())
            let random = { (generator: inout SeededGenerator) in
                (0..<Int.random(in: 0...6, using: &generator)).map { _ in UInt8.random(in: 0...2, using: &generator) }
            }
            for _ in 0..<200 {
                let (topic, peer) = (random(&generator), Int.random(in: 0..<70, using: &generator))
                switch Int.random(in: 0..<8, using: &generator) {
                case 0..<5:
                    let isNew = !list.contains { $0 == (topic, peer) }
                    #expect(tree.subscribe(topic, peer) == isNew)
                    if isNew { list.append((topic, peer)) }
                case 5, 6:
                    #expect(tree.cancel(topic, peer) == list.contains { $0 == (topic, peer) })
                    list.removeAll { $0 == (topic, peer) }
                default:
                    tree.remove(peer)
                    list.removeAll { $0.peer == peer }
                }
                let frame = random(&generator)
                #expect(matching(tree, frame) == PeerSet(list.filter { frame.starts(with: $0.topic) }.map(\.peer)), "seed \(seed)")
                #expect(tree.count == list.count)
            }
        }
        #expect(rounds > 1)
    }

    @Test func manyTopicsWithOnePrefixAreFound() {
        var tree = SubscriptionTree()
        for number in 0..<10_000 { tree.subscribe(Array("news/\(number)/".utf8), number % 100) }
        #expect(matching(tree, Array("news/1234/x".utf8)) == PeerSet([34]))
        #expect(matching(tree, Array("news/12".utf8)).isEmpty)
        for number in 0..<10_000 { tree.cancel(Array("news/\(number)/".utf8), number % 100) }
        #expect(tree.count == 0)
    }

    @Test func aPeerThatHasGoneLeavesItsNumberToTheNext() {
        var tree = SubscriptionTree()
        let numbers = (0..<70).map { _ in tree.admit() }
        #expect(numbers == Array(0..<70))
        for number in numbers { tree.subscribe(Array("all".utf8), number) }
        for number in [3, 65] { tree.remove(number) }
        // A set of peers is as large as its highest number: a publisher sees visitors for months.
        #expect([tree.admit(), tree.admit(), tree.admit()] == [3, 65, 70])
        #expect(!matching(tree, Array("all".utf8)).contains(3))
        #expect(tree.count == 68)
    }

    /// What peers subscribe to decides how deep the tree is: it takes no stack.
    @Test func aPeerLeavesATreeOfAThousandLevels() throws {
        final class Deep: Sendable {
            let tree: SubscriptionTree
            let left = Atomic<Int>(-1)
            init(_ tree: SubscriptionTree) { self.tree = tree }
        }
        var tree = SubscriptionTree()
        for level in 1...1000 { tree.subscribe([UInt8](repeating: 97, count: level), level % 2) }
        let deep = Deep(tree)
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        pthread_attr_setstacksize(attributes, 64 << 10)
        var thread: pthread_t = 0
        let status = pthread_create(
            &thread, attributes,
            { pointer in
                let deep = Unmanaged<Deep>.fromOpaque(pointer!).takeRetainedValue()
                var tree = deep.tree
                tree.remove(0)
                deep.left.store(tree.count, ordering: .relaxed)
                return nil
            }, Unmanaged.passRetained(deep).toOpaque())
        try #require(status == 0)
        pthread_join(thread, nil)
        #expect(deep.left.load(ordering: .relaxed) == 500)
    }

    @Test func turnsAreFairAndPassOverWhoIsFull() {
        var turns = Turns<Int>()
        for peer in 0..<3 { turns.add(peer) }
        #expect((0..<6).map { _ in turns.take { _ in true } } == [0, 1, 2, 0, 1, 2])
        #expect((0..<4).map { _ in turns.take { $0 != 1 } } == [0, 2, 0, 2])
        _ = turns.take { _ in true }
        turns.remove(0)
        #expect(turns.take { _ in true } == 1)
        #expect(turns.take { _ in false } == nil)
    }

    @Test func pausesGrowToTheirBoundAndBeginAnew() {
        var generator = SeededGenerator(seed: 1)
        var backoff = Backoff(first: 100_000_000, longest: 400_000_000)
        for pause in [100, 200, 400, 400].map({ UInt64($0) * 1_000_000 }) {
            #expect((pause...(2 * pause)).contains(backoff.pause(&generator)))
        }
        backoff.succeeded()
        #expect(backoff.pause(&generator) <= 200_000_000)
        var constant = Backoff(first: 100_000_000, longest: 0)
        for _ in 0..<5 { #expect((100_000_000...200_000_000).contains(constant.pause(&generator))) }
    }

    @Test func metadataComesBackAndDamageIsRefused() {
        let metadata = Metadata([("Socket-Type", Array("PULL".utf8)), ("Identity", []), ("X-Long", [UInt8](repeating: 7, count: 300))])
        #expect(Metadata(metadata.bytes) == metadata)
        #expect(metadata["socket-type"] == Array("PULL".utf8))
        let whole = Set([0, 1 + 11 + 4 + 4, 1 + 11 + 4 + 4 + 1 + 8 + 4])
        for cut in 0..<metadata.bytes.count where !whole.contains(cut) { #expect(Metadata(Array(metadata.bytes[..<cut])) == nil) }
        #expect(Metadata([UInt8](repeating: 0, count: Metadata.largest + 1)) == nil)
    }

    @Test func aNameHasOnePeerAndIsFreeOnceThatHasGone() {
        var names = PeerNames<Int>(after: 0xffff_fffe)
        #expect(names.admit(1, identity: [65]) == [65])
        #expect(names.admit(2, identity: [65]) == nil && names.refusals == 1)
        // One that was not admitted takes nothing with it.
        names.remove(2)
        #expect(names.peer(named: [65]) == 1)
        #expect(names.admit(3, identity: []) == [0, 0xff, 0xff, 0xff, 0xff])
        // A name that looks like one of the router's own.
        #expect(names.admit(4, identity: [0, 0, 0, 0, 0]) == [0, 0, 0, 0, 0])
        #expect(names.admit(5, identity: []) == [0, 0, 0, 0, 1])
        names.remove(1)
        #expect(names.peer(named: [65]) == nil && names.admit(2, identity: [65]) == [65])
    }
}
