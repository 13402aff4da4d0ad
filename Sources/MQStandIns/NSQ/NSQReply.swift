/// What the HTTP interface of nsqd answers.
struct NSQReply {
    var status = 200
    var body: [UInt8]
    var isJSON = true

    static func text(_ text: String) -> NSQReply { NSQReply(body: Array(text.utf8), isJSON: false) }
    static func failure(_ status: Int, _ message: String) -> NSQReply {
        NSQReply(status: status, body: Array("{\"message\":\"\(message)\"}".utf8))
    }
    static let done = NSQReply(body: [], isJSON: false)
    static let wrongMethod = failure(405, "METHOD_NOT_ALLOWED")
}
