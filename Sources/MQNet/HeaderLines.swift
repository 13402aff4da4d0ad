internal import CCurl
internal import MQCore

/// The lines of a request's header as the list that libcurl reads; both are used again for the next request.
struct HeaderLines: ~Copyable {
    private var text: UnsafeMutablePointer<CChar>
    private var capacity = 1024
    private var nodes: UnsafeMutablePointer<curl_slist>
    private var nodeCapacity = 16

    init() {
        text = .allocate(capacity: capacity)
        nodes = .allocate(capacity: nodeCapacity)
    }

    deinit {
        text.deallocate()
        nodes.deallocate()
    }

    /// The list, valid until the next call.
    mutating func list(_ headers: [(name: String, value: String)]) -> UnsafeMutableRawPointer {
        // "Name:" leaves out a header that libcurl would make up; "Name;" sends an empty one.
        let hasType = headers.contains { ASCII.equalIgnoringCase($0.name.utf8, "content-type".utf8) }
        reserve(headers.reduce(64) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }, headers.count + 2)
        var (end, count) = (0, 0)
        func add(_ name: String, _ divider: StaticString, _ value: String) {
            nodes[count] = curl_slist(data: text + end, next: nil)
            if count > 0 { nodes[count - 1].next = nodes + count }
            count += 1
            end = copy(name.utf8, end)
            for index in 0..<divider.utf8CodeUnitCount { text[end + index] = CChar(bitPattern: divider.utf8Start[index]) }
            end = copy(value.utf8, end + divider.utf8CodeUnitCount)
            text[end] = 0
            end += 1
        }
        add("Expect", ":", "")
        if !hasType { add("Content-Type", ":", "") }
        for (name, value) in headers { add(name, value.isEmpty ? ";" : ": ", value) }
        return UnsafeMutableRawPointer(nodes)
    }

    private func copy(_ bytes: String.UTF8View, _ place: Int) -> Int {
        let room = UnsafeMutableRawBufferPointer(start: text + place, count: capacity - place)
        if bytes.withContiguousStorageIfAvailable({ room.copyBytes(from: $0) }) == nil { room.copyBytes(from: bytes) }
        return place + bytes.count
    }

    private mutating func reserve(_ size: Int, _ count: Int) {
        if size > capacity {
            text.deallocate()
            (text, capacity) = (.allocate(capacity: 2 * size), 2 * size)
        }
        if count > nodeCapacity {
            nodes.deallocate()
            (nodes, nodeCapacity) = (.allocate(capacity: 2 * count), 2 * count)
        }
    }
}
