/// Why a command is refused.
struct NSQRefusal: Error {
    let text: String
    let isFatal: Bool

    init(_ text: String, isFatal: Bool = true) {
        self.text = text
        self.isFatal = isFatal
    }
}
