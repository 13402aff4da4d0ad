/// Who wants which messages: a radix tree from a prefix of a message's first frame to the peers that subscribed to it, walked
/// once for all peers.
///
/// A subscription is not counted per peer: subscribed twice, one cancel ends it, as libzmq has it (RFC 29 says otherwise).
public struct SubscriptionTree: Sendable {
    private struct Node: Sendable {
        /// The bytes from its parent on; empty at the root only.
        var label: [UInt8]
        var peers = PeerSet()
        /// Sorted by the first byte of their labels.
        var children: [Int] = []
    }

    private var nodes = [Node(label: [])]
    private var free: [Int] = []
    private var numbers = PeerSet()
    /// Subscriptions in it, each peer's counted.
    public private(set) var count = 0

    /// Nobody has subscribed.
    public init() {}

    /// - Returns: whether `peer` had not subscribed to `topic` before.
    @discardableResult
    public mutating func subscribe(_ topic: [UInt8], _ peer: Int) -> Bool {
        var (node, rest) = (0, topic[...])
        while let first = rest.first {
            let place = childPlace(of: node, first)
            guard place < nodes[node].children.count, nodes[nodes[node].children[place]].label[0] == first else {
                nodes[node].children.insert(make(Array(rest)), at: place)
                node = nodes[node].children[place]
                break
            }
            let child = nodes[node].children[place]
            let common = zip(nodes[child].label, rest).prefix { $0 == $1 }.count
            if common < nodes[child].label.count {
                let middle = make(Array(nodes[child].label[..<common]))
                nodes[child].label.removeFirst(common)
                nodes[middle].children = [child]
                nodes[node].children[place] = middle
            }
            node = nodes[node].children[place]
            rest = rest.dropFirst(common)
        }
        let isNew = nodes[node].peers.insert(peer)
        if isNew { count += 1 }
        return isNew
    }

    /// - Returns: whether `peer` had subscribed to `topic`.
    @discardableResult
    public mutating func cancel(_ topic: [UInt8], _ peer: Int) -> Bool {
        var path: [(node: Int, place: Int)] = []
        var (node, rest) = (0, topic[...])
        while let first = rest.first {
            let place = childPlace(of: node, first)
            guard place < nodes[node].children.count else { return false }
            let child = nodes[node].children[place]
            guard rest.starts(with: nodes[child].label) else { return false }
            path.append((node, place))
            rest = rest.dropFirst(nodes[child].label.count)
            node = child
        }
        guard nodes[node].peers.remove(peer) else { return false }
        count -= 1
        for (parent, place) in path.reversed() where !prune(parent, place) { break }
        return true
    }

    /// A number for a peer: the lowest that nobody has, since a set of peers takes as much memory as its highest.
    public mutating func admit() -> Int {
        let number = numbers.words.firstIndex { $0 != .max }.map { $0 * 64 + (~numbers.words[$0]).trailingZeroBitCount }
        let lowest = number ?? numbers.words.count * 64
        numbers.insert(lowest)
        return lowest
    }

    /// Forgets a peer that has gone: its number may be another's.
    /// - Parameter hasAny: whether it may have subscribed to anything.
    public mutating func remove(_ peer: Int, hasAny: Bool = true) {
        numbers.remove(peer)
        guard hasAny else { return }
        // Parents before their children, to be gone through backwards. Not by recursion: how deep the tree is, peers decide.
        var order = [(parent: -1, node: 0)]
        var next = 0
        while next < order.count {
            let parent = order[next].node
            for child in nodes[parent].children { order.append((parent, child)) }
            next += 1
        }
        for (parent, node) in order.reversed() {
            if nodes[node].peers.remove(peer) { count -= 1 }
            if parent >= 0, nodes[node].peers.isEmpty, nodes[node].children.count <= 1 {
                prune(parent, childPlace(of: parent, nodes[node].label[0]))
            }
        }
    }

    /// Adds everyone who wants a message with this first frame.
    public func match(_ frame: UnsafeRawBufferPointer, into found: inout PeerSet) {
        found.formUnion(nodes[0].peers)
        var (node, place) = (0, 0)
        while place < frame.count {
            let slot = childPlace(of: node, frame[place])
            guard slot < nodes[node].children.count else { return }
            let child = nodes[node].children[slot]
            let label = nodes[child].label
            guard frame.count - place >= label.count else { return }
            for (offset, byte) in label.enumerated() where frame[place + offset] != byte { return }
            found.formUnion(nodes[child].peers)
            place += label.count
            node = child
        }
    }

    // MARK: Nodes

    /// Where the child that begins with `byte` is, or belongs.
    private func childPlace(of node: Int, _ byte: UInt8) -> Int {
        let children = nodes[node].children
        var (low, high) = (0, children.count)
        while low < high {
            let middle = (low + high) / 2
            if nodes[children[middle]].label[0] < byte { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func make(_ label: [UInt8]) -> Int {
        if let node = free.popLast() {
            nodes[node] = Node(label: label)
            return node
        }
        nodes.append(Node(label: label))
        return nodes.count - 1
    }

    /// Drops a node that nobody needs any more, or joins it with its only child.
    /// - Returns: whether it is gone, so that its parent may be next.
    @discardableResult
    private mutating func prune(_ parent: Int, _ place: Int) -> Bool {
        let node = nodes[parent].children[place]
        guard nodes[node].peers.isEmpty, nodes[node].children.count <= 1 else { return false }
        if let child = nodes[node].children.first {
            nodes[child].label = nodes[node].label + nodes[child].label
            nodes[parent].children[place] = child
        } else {
            nodes[parent].children.remove(at: place)
        }
        nodes[node] = Node(label: [])
        free.append(node)
        return true
    }
}
