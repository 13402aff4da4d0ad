import MQCore

extension JSONText {
    enum Field {
        case text(String)
        case number(Int)
        case truth(Bool)
    }

    mutating func fields(_ fields: (String, Field)...) {
        for (key, field) in fields {
            self.key(key)
            switch field {
            case .text(let text): value(text)
            case .number(let number): value(number)
            case .truth(let truth): value(truth)
            }
        }
    }

    mutating func text(_ bytes: [UInt8]) { bytes.withUnsafeBytes { value(utf8: $0) } }
}
