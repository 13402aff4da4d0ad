import MQCore

extension Attribute {
    /// `name=value` or `name:type=value`: a colon in the value stays one.
    /// - Throws: `usage`, also when one of `others` has that name.
    init(parsing text: String, after others: [Attribute]) throws(TransportError) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw TransportError(.usage, "--attribute '\(text)' has no value", hint: "-H name=value, or -H count:Number=3")
        }
        let key = text[..<equals]
        let colon = key.utf8.firstIndex(of: UInt8(ascii: ":"))
        let name = String(key[..<(colon ?? key.endIndex)])
        let type = colon.map { String(key[key.utf8.index(after: $0)...]) } ?? "String"
        if name.isEmpty || type.isEmpty {
            throw TransportError(.usage, "--attribute '\(text)' has no \(name.isEmpty ? "name" : "type")", hint: "-H name[:type]=value")
        }
        if others.contains(where: { $0.name == name }) { throw TransportError(.usage, "--attribute \(name) is given twice") }
        self.init(name: name, type: type, value: String(text[text.utf8.index(after: equals)...]).rawBytes)
    }
}
