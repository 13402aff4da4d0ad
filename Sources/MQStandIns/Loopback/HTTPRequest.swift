/// A whole request of HTTP/1, as both brokers read it.
struct HTTPRequest {
    let method: String
    let path: String
    /// Without its question mark, as it was sent.
    let query: String
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]
    /// Whether the end of the answer is the end of the connection.
    let closes: Bool

    /// Why no answer but a refusal is possible, and no request can follow.
    enum Failure: Error { case noHTTP, tooLong, noSize }

    private static let (headLimit, bodyLimit) = (1 << 16, 64 << 20)

    /// Takes the first request, if all of it has come.
    /// - Parameter invite: called when the client waits to be asked for the body.
    static func take(from input: inout [UInt8], invite: () -> Void) throws(Failure) -> HTTPRequest? {
        guard let lineEnd = input.firstIndex(of: 0x0a) else {
            if input.count > headLimit { throw .tooLong }
            return nil
        }
        let words = String(decoding: input[..<lineEnd], as: UTF8.self).split(whereSeparator: { $0 == " " || $0.isNewline })
        // Protocol V2 on the port of HTTP, for one.
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { throw .noHTTP }
        guard let start = HTTPHead.end(of: input, from: 0) else {
            if input.count > headLimit { throw .tooLong }
            return nil
        }
        let headers = HTTPHead.fields(String(decoding: input[..<start], as: UTF8.self).split(separator: "\r\n").dropFirst())
        let found: (body: [UInt8], end: Int)?
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            found = try chunks(input, from: start)
        } else {
            guard let size = Int(headers["content-length"] ?? "0"), size >= 0 else { throw .noSize }
            if size > bodyLimit { throw .tooLong }
            found = input.count < start + size ? nil : (Array(input[start..<start + size]), start + size)
        }
        guard let (body, end) = found else {
            if input.count == start && headers["expect"]?.lowercased() == "100-continue" { invite() }
            return nil
        }
        input.removeFirst(end)
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let connection = headers["connection"]?.lowercased()
        return HTTPRequest(
            method: String(words[0]), path: target[0], query: target.count > 1 ? target[1] : "", headers: headers, body: body,
            closes: connection == "close" || (words[2] == "HTTP/1.0" && connection != "keep-alive"))
    }

    /// A body in chunks (RFC 9112, 7.1), and the place behind its trailers.
    private static func chunks(_ input: [UInt8], from start: Int) throws(Failure) -> (body: [UInt8], end: Int)? {
        var (parts, place, sum) = ([Range<Int>](), start, 0)
        while let end = input[place...].firstIndex(of: 0x0a) {
            let digits = input[place..<end].prefix { $0 != 0x0d && $0 != 0x3b && $0 != 0x20 }  // up to an extension
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else { throw .noSize }
            sum += min(size, bodyLimit + 1)
            if sum > bodyLimit { throw .tooLong }
            place = end + 1
            if size == 0 { return trailerEnd(input, from: place).map { end in (parts.flatMap { input[$0] }, end) } }
            guard input.count >= place + size + 2 else { return nil }
            guard input[place + size] == 0x0d, input[place + size + 1] == 0x0a else { throw .noSize }
            parts.append(place..<place + size)
            place += size + 2
        }
        if input.count - place > headLimit { throw .tooLong }
        return nil
    }

    /// Lines up to an empty one.
    private static func trailerEnd(_ input: [UInt8], from start: Int) -> Int? {
        var place = start
        while let end = input[place...].firstIndex(of: 0x0a) {
            if input[place..<end].allSatisfy({ $0 == 0x0d }) { return end + 1 }
            place = end + 1
        }
        return nil
    }
}
