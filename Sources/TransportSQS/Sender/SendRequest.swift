internal import MQCore
internal import MQNet

/// Up to ten messages on their way: the JSON of each, so that those that failed can go again as they were.
struct SendRequest {
    struct Entry {
        /// The number of the message from 0, and its `Id` in the request.
        var position: Int
        /// Its JSON in `text`.
        var json: Range<Int>
        /// As SQS counts it.
        var size: Int
        var digest: MD5
        var attributeDigest: MD5?
        var group: String?
        /// The id under which the message came from another queue, with the deduplication id that it brought along.
        var origin: String?
    }

    /// SendMessageBatch in the SQS API reference.
    static let maximumEntries = 10

    var entries: [Entry]
    /// The JSON of the entries, divided by commas.
    var text: [UInt8]
    var history = RetryPolicy.History()
    /// Why it was not carried out the last time.
    var trouble: String?

    var size: Int { entries.reduce(0) { $0 + $1.size } }

    /// The body of a request with these entries.
    func body(_ url: String) -> [UInt8] {
        let head = Connection.body(url).bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + text.count + 32)
        bytes += head
        bytes += Array(",\"Entries\":[".utf8)
        bytes += text
        bytes += Array("]}".utf8)
        return bytes
    }

    /// The same with only the entries of which `isIncluded` holds.
    func filtered(_ isIncluded: (Entry) -> Bool) -> SendRequest {
        var result = SendRequest(entries: [], text: [], history: history)
        for entry in entries where isIncluded(entry) {
            if !result.text.isEmpty { result.text.append(UInt8(ascii: ",")) }
            let start = result.text.count
            result.text += text[entry.json]
            var entry = entry
            entry.json = start..<result.text.count
            result.entries.append(entry)
        }
        return result
    }

    /// Two requests of half the bytes each.
    func halves() -> [SendRequest] {
        let half = size / 2
        var sum = 0
        var first: Set<Int> = []
        for entry in entries where first.isEmpty || sum + entry.size <= half {
            guard first.count < entries.count - 1 else { break }
            sum += entry.size
            first.insert(entry.position)
        }
        return [filtered { first.contains($0.position) }, filtered { !first.contains($0.position) }]
    }
}
