internal import MQCore

extension SequenceLog: JSONForm {
    /// The bits go as they stand in memory: a number for each word would take longer than the measurement.
    var tree: JSONTree {
        var text: [UInt8] = []
        packed.withUnsafeBytes { Base64.encode($0, into: &text) }
        return .object([
            JSONMember(key: "words", value: .string(String(decoding: text, as: UTF8.self))),
            JSONMember(key: "duplicated", value: .integer(duplicated)), JSONMember(key: "reordered", value: .integer(reordered)),
        ])
    }

    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard case .string(let text) = tree["words"], let bytes = Base64.decode(text.utf8), bytes.count % 8 == 0,
            case .integer(let duplicated) = tree["duplicated"], case .integer(let reordered) = tree["reordered"]
        else { throw .otherKind }
        let words = bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count, by: 8).map { raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
        }
        self.init(words: words, duplicated: duplicated, reordered: reordered)
    }
}
