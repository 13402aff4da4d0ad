internal import MQCore

/// The bodies of the requests of a receiver.
struct ReceiveRequests {
    let url: String
    /// In seconds.
    let visibility: Int

    static func operation(of exchange: Reception.Exchange) -> String {
        switch exchange {
        case .poll: "ReceiveMessage"
        case .job(let job): job.kind == .delete ? "DeleteMessageBatch" : "ChangeMessageVisibilityBatch"
        }
    }

    func body(of poll: Reception.Poll) -> [UInt8] {
        var json = Connection.body(url)
        for (key, number) in [("MaxNumberOfMessages", poll.asked), ("WaitTimeSeconds", poll.wait), ("VisibilityTimeout", visibility)] {
            json.member(key, number)
        }
        func list(_ key: String, _ names: [String]) {
            json.key(key)
            json.open("[")
            for name in names { json.value(name) }
            json.close("]")
        }
        list("MessageAttributeNames", [poll.wantsProperties ? "All" : MessageText.marker.name])
        if poll.wantsProperties {
            let names = [
                "SentTimestamp", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "MessageGroupId", "MessageDeduplicationId",
            ]
            list("AttributeNames", names)
        }
        if let attempt = poll.attempt {
            json.member("ReceiveRequestAttemptId", attempt)
        }
        json.close("}")
        return json.bytes
    }

    func body(of job: Reception.Job, _ receipts: [(position: Int, receipt: [UInt8])]) -> [UInt8] {
        var json = Connection.body(url)
        json.key("Entries")
        json.open("[")
        for (position, receipt) in receipts {
            json.open("{")
            json.key("Id")
            json.value(number: "\"\(position)\"")
            json.key("ReceiptHandle")
            receipt.withUnsafeBytes { json.value(utf8: $0) }
            switch job.kind {
            case .delete: break
            case .release(let delay): write(delay, &json)
            case .extend: write(visibility, &json)
            }
            json.close("}")
        }
        json.close("]")
        json.close("}")
        return json.bytes
    }

    private func write(_ seconds: Int, _ json: inout JSONText) {
        json.member("VisibilityTimeout", seconds)
    }
}
