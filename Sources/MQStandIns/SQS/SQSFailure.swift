import MQCore

/// An error reply.
struct SQSFailure: Error {
    var status = 400
    var type: String
    var queryCode: String
    var text: String
    var isSender = true

    init(_ type: String, _ text: String, status: Int = 400, queryCode: String? = nil) {
        (self.type, self.text, self.status) = (type, text, status)
        self.queryCode = queryCode ?? type
        isSender = status < 500
    }

    static func noQueue() -> SQSFailure {
        SQSFailure("QueueDoesNotExist", "The specified queue does not exist.", queryCode: "AWS.SimpleQueueService.NonExistentQueue")
    }

    var json: [UInt8] {
        var json = JSONText()
        json.open("{")
        json.fields(("__type", .text("com.amazonaws.sqs#\(type)")), ("message", .text(text)))
        json.close("}")
        return json.bytes
    }
}
