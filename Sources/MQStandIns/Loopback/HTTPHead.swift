/// The head of a request or a reply of HTTP/1.
package enum HTTPHead {
    /// The place behind the blank line, if it has come.
    package static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var place = max(start, 3)
        while place < bytes.count {
            if bytes[place] == 0x0a && bytes[place - 1] == 0x0d && bytes[place - 2] == 0x0a && bytes[place - 3] == 0x0d { return place + 1 }
            place += 1
        }
        return nil
    }

    /// Header lines by name in lower case.
    package static func fields(_ lines: some Sequence<Substring>) -> [String: String] {
        var result: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            var value = line[line.index(after: colon)...]
            while value.first == " " { value = value.dropFirst() }
            result[line[..<colon].lowercased()] = String(value)
        }
        return result
    }
}
