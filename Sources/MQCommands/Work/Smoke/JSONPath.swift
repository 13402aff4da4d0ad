import MQCore

/// A place in JSON: `user.name`, `items[0].id`, `["a.b"].c`; `$` or a dot may stand in front.
struct JSONPath: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case name(String)
        case index(Int)
    }

    private(set) var steps: [Step] = []

    /// Reads a path from the front of `text`, up to its end or an equals sign.
    /// - Parameter flag: as it was typed, for errors about all of `text`.
    /// - Returns: the path, and what stands behind the equals sign; `nil` without one.
    /// - Throws: `usage` with the place of what is wrong.
    static func read(_ text: String, _ flag: String) throws(TransportError) -> (path: JSONPath, value: String?) {
        var path = JSONPath()
        let bytes = Array(text.utf8)
        var place = 0
        func failure(_ place: Int, _ words: String) -> TransportError {
            let characters = String(decoding: bytes[..<min(place, bytes.count)], as: UTF8.self).unicodeScalars.count
            return TransportError(
                .usage, "\(flag) '\(text)', character \(characters + 1): \(words)", hint: "\(flag) 'user.name=Ada', 'items[0].id=7'")
        }
        if bytes.first == UInt8(ascii: "$") { place = 1 }
        // Only the first name may stand without a dot.
        var needsDot = place == 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "=") {
            if bytes[place] == UInt8(ascii: "[") {
                try path.readBracket(bytes, &place, failure)
            } else {
                if bytes[place] == UInt8(ascii: ".") {
                    place += 1
                } else if needsDot {
                    throw failure(place, "a dot or a bracket is missing")
                }
                if needsDot || place == 0 || bytes[place - 1] == UInt8(ascii: "."), place < bytes.count, bytes[place] == UInt8(ascii: "[") {
                    throw failure(place, "a name is missing")
                }
                let start = place
                while place < bytes.count, !".[]=".utf8.contains(bytes[place]) { place += 1 }
                if place == start { throw failure(place, "a name is missing") }
                path.steps.append(.name(String(decoding: bytes[start..<place], as: UTF8.self)))
            }
            needsDot = true
        }
        guard place < bytes.count else { return (path, nil) }
        return (path, String(decoding: bytes[(place + 1)...], as: UTF8.self))
    }

    /// `[0]`, `["name"]`.
    private mutating func readBracket(
        _ bytes: [UInt8], _ place: inout Int, _ failure: (Int, String) -> TransportError
    ) throws(TransportError) {
        place += 1
        let start = place
        if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
            place += 1
            while place < bytes.count, bytes[place] != UInt8(ascii: "\"") { place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1 }
            place = min(place + 1, bytes.count)
            let quoted = bytes[start..<place]
            guard let name = try? JSONReader.read(Array(quoted), { reader throws(TransportError) in try reader.string() }) else {
                place = start
                throw failure(place, "a name in quotes is not a JSON string")
            }
            steps.append(.name(name))
        } else {
            while place < bytes.count, (0x30...0x39).contains(bytes[place]) { place += 1 }
            guard let index = Int(String(decoding: bytes[start..<place], as: UTF8.self)) else {
                place = start
                throw failure(place, "an index is missing")
            }
            steps.append(.index(index))
        }
        guard place < bytes.count, bytes[place] == UInt8(ascii: "]") else { throw failure(place, "a closing bracket is missing") }
        place += 1
    }

    /// The value at the path in one form for all that are equal; `nil` where there is none.
    /// - Throws: `malformed` for what is not JSON.
    func value(in bytes: UnsafeRawBufferPointer) throws(TransportError) -> String? {
        try JSONReader.read(bytes) { reader throws(TransportError) in try Self.value(&reader, steps[...]) }
    }

    private static func value(_ reader: inout JSONReader, _ steps: ArraySlice<Step>) throws(TransportError) -> String? {
        guard let step = steps.first else { return try NormalJSON.text(&reader) }
        var found: String?
        switch (step, try reader.kind()) {
        case (.name(let name), .object):
            try reader.object { reader, key throws(TransportError) in
                if key == name { found = try value(&reader, steps.dropFirst()) } else { try reader.skip() }
            }
        case (.index(let index), .array):
            var place = 0
            try reader.array { reader throws(TransportError) in
                if place == index { found = try value(&reader, steps.dropFirst()) } else { try reader.skip() }
                place += 1
            }
        default: try reader.skip()
        }
        return found
    }
}
