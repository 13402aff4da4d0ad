/// What somebody asks of a working verb: the first line of an HTTP/1 request, and what stands in the way of it.
enum StatusRequest: Equatable {
    case report, metrics, pause, resume
    /// A status, and what is wrong in words.
    case refused(Int, String)

    /// More than enough for what is understood.
    static let limit = 8192

    /// - Returns: `nil` while the head is incomplete.
    static func parse(_ bytes: [UInt8]) -> StatusRequest? {
        guard let end = endOfHead(bytes) else { return bytes.count > limit ? .refused(431, "the request is too long") : nil }
        let lines = bytes[..<end].split(separator: UInt8(ascii: "\n")).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        let words = (lines.first ?? []).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return .refused(400, "this is not HTTP/1") }
        let path = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        switch (words[0], path) {
        case ("GET", "/"), ("HEAD", "/"): return .report
        case ("GET", "/metrics"), ("HEAD", "/metrics"): return .metrics
        case ("POST", "/pause"), ("POST", "/resume"):
            // A page in a browser must not stop a worker of its reader.
            if lines.dropFirst().contains(where: isOrigin) { return .refused(403, "requests from web pages are refused") }
            return path == "/pause" ? .pause : .resume
        case (_, "/"), (_, "/metrics"): return .refused(405, "only GET is understood here")
        case (_, "/pause"), (_, "/resume"): return .refused(405, "only POST is understood here")
        default: return .refused(404, "there are /, /metrics, POST /pause and POST /resume")
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        var lineIsEmpty = false
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") {
                if lineIsEmpty { return index }
                lineIsEmpty = true
            } else if byte != UInt8(ascii: "\r") {
                lineIsEmpty = false
            }
        }
        return nil
    }

    private static func isOrigin(_ line: ArraySlice<UInt8>) -> Bool {
        line.prefix(7).elementsEqual("origin:".utf8) { $0 | 0x20 == $1 || $0 == $1 }
    }
}
