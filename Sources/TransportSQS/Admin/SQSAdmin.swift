internal import MQCore
internal import MQNet

/// Lists, shows, makes and removes queues.
final class SQSAdmin: Admin {
    private let settings: Settings
    let connection: Connection
    private let opening: Opening

    init(_ settings: Settings, _ opening: Opening) throws(TransportError) {
        self.settings = settings
        self.opening = opening
        connection = try Connection(settings, opening)
    }

    private var deadline: Deadline { opening.deadline }

    /// One request about the addressed queue, or about another.
    func ask(
        _ operation: String, url: String?, _ write: (inout JSONText) -> Void = { _ in }
    ) throws(ServiceFailure) -> [UInt8] {
        var json = JSONText()
        json.open("{")
        if let url {
            json.member("QueueUrl", url)
        }
        write(&json)
        json.close("}")
        do throws(ServiceFailure) {
            return try connection.perform(operation, body: json, until: deadline)
        } catch {
            if error.error.code == .noSuchQueue { connection.forgetURL() }
            throw error
        }
    }

    private func plainly<Value>(_ body: () throws(ServiceFailure) -> Value) throws(TransportError) -> Value {
        do throws(ServiceFailure) { return try body() } catch { throw error.error }
    }

    func url() throws(TransportError) -> String { try connection.queueURL(until: deadline) }

    func attributes(_ url: String) throws(TransportError) -> QueueAttributes {
        try QueueAttributes(parsing: plainly { () throws(ServiceFailure) in try ask("GetQueueAttributes", url: url, Self.wantAll) })
    }

    private static func wantAll(_ json: inout JSONText) {
        json.key("AttributeNames")
        json.open("[")
        json.value("All")
        json.close("]")
    }

    /// The address by which `mq` reaches a queue, with what was said of where it is.
    private func address(of url: String) -> String {
        let name = url.split(separator: "/").last.map(String.init) ?? url
        let kept = settings.options.entries.filter { ["region", "endpoint", "profile", "account", "ca-file"].contains($0.key) }
        return Address(scheme: "sqs", targets: [name], options: kept).text
    }

    // MARK: - Looking

    func status() throws(TransportError) -> QueueStatus {
        let url = try url()
        return QueueStatus(address: address(of: url), facts: QueueFacts.all(try attributes(url), url: url))
    }

    /// One signed request that the service must understand.
    func probe() throws(TransportError) -> [Fact] {
        let facts = [Fact("endpoint", "Endpoint", .text(connection.endpoint)), Fact("region", "Region", .text(connection.region))]
        guard !settings.target.name.isEmpty else {
            _ = try plainly { () throws(ServiceFailure) in try ask("ListQueues", url: nil) { $0.member("MaxResults", 1) } }
            return facts
        }
        do throws(TransportError) {
            connection.forgetURL()
            let url = try url()
            if case .url = settings.target { _ = try attributes(url) }
            return facts + [Fact("url", "URL", .text(url))]
        } catch {
            guard error.code == .noSuchQueue else { throw error }
            return facts
        }
    }

    /// Queues whose names begin with the address's; the attributes of several are asked for at once.
    func list() throws(TransportError) -> QueueListing {
        QueueListing(
            queues: try describe(try urls(prefix: settings.target.name)), limits: [],
            columns: [.init("messages", "messages"), .init("in_flight", "in flight"), .init("delayed", "delayed"), .init("fifo", "fifo")])
    }

    /// The URLs of the queues whose attributes fit.
    func queues(where isIncluded: (QueueAttributes) -> Bool) throws(TransportError) -> [String] {
        var result: [String] = []
        for url in try urls(prefix: "") {
            do throws(TransportError) {
                if isIncluded(try attributes(url)) { result.append(url) }
            } catch {
                // Deleted in between, or not ours to look at.
                guard error.code == .noSuchQueue || error.code == .permission else { throw error }
            }
        }
        return result
    }

    private func urls(prefix: String) throws(TransportError) -> [String] {
        var urls: [String] = []
        var next: String?
        repeat {
            let page = try plainly { () throws(ServiceFailure) in
                try ask("ListQueues", url: nil) { json in
                    json.member("MaxResults", 1000)
                    for (key, text) in [("QueueNamePrefix", prefix), ("NextToken", next ?? "")] where !text.isEmpty {
                        json.member(key, text)
                    }
                }
            }
            let (found, token) = try Self.queues(in: page)
            urls += found
            next = token == next ? nil : token
        } while next != nil
        return urls
    }

    private func describe(_ urls: [String]) throws(TransportError) -> [QueueStatus] {
        var result: [QueueStatus] = []
        var batch = Pipeline(connection, limit: 8)
        let bodies = urls.map { url in
            var json = Connection.body(url)
            Self.wantAll(&json)
            json.close("}")
            return json.bytes
        }
        for (url, reply) in zip(urls, try batch.perform("GetQueueAttributes", bodies, until: deadline)) {
            switch reply {
            case .success(let bytes):
                result.append(QueueStatus(address: address(of: url), facts: QueueFacts.all(try QueueAttributes(parsing: bytes), url: url)))
            case .failure(let failure):
                // Deleted between the two calls, or one that this user may see and not look into.
                guard failure.error.code != .noSuchQueue else { continue }
                result.append(QueueStatus(address: address(of: url), facts: [Fact("messages", "Messages", .text(failure.code))]))
            }
        }
        return result
    }

    static func queues(in bytes: [UInt8]) throws(TransportError) -> (urls: [String], next: String?) {
        let result: Result<([String], String?), TransportError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in
                var urls: [String] = []
                var next: String?
                var reader = JSONReader(bytes)
                guard try reader.kind() == .object else { throw reader.failure("expected an object") }
                try reader.object { reader, key throws(TransportError) in
                    switch (key, try reader.kind()) {
                    case ("QueueUrls", .array), ("queueUrls", .array):
                        try reader.array { reader throws(TransportError) in
                            if try reader.kind() == .string { urls.append(try reader.string()) } else { try reader.skip() }
                        }
                    case ("NextToken", .string): next = try reader.string()
                    default: try reader.skip()
                    }
                }
                try reader.end()
                return (urls, next.flatMap { $0.isEmpty ? nil : $0 })
            }
        }
        return try result.get()
    }

    // MARK: - Making and removing

    func create(exclusive: Bool) throws(TransportError) -> Bool {
        if case .url = settings.target {
            throw TransportError(.usage, "a queue is created by its name, not by its URL", hint: "mq create sqs:\(settings.target.name)")
        }
        let creation = QueueCreation(settings: settings, admin: self)
        let wanted = try creation.attributes()
        if let existing = try existingURL() {
            if exclusive {
                throw TransportError(.cannotCreate, "the queue exists already", remedy: .ifMissing)
            }
            let differences = creation.differences(wanted, try attributes(existing))
            if !differences.isEmpty { opening.notices.warn("the queue exists already: \(differences.joined(separator: ", "))") }
            return false
        }
        let reply = try plainly { () throws(ServiceFailure) in try ask("CreateQueue", url: nil) { creation.write(wanted, into: &$0) } }
        guard let made = try JSONFields.strings(in: reply)["QueueUrl"] else {
            throw TransportError(.protocolViolation, "CreateQueue: the reply holds no QueueUrl")
        }
        opening.notices.detail("created \(made)")
        return true
    }

    private func existingURL() throws(TransportError) -> String? {
        connection.forgetURL()
        do throws(TransportError) {
            return try url()
        } catch {
            guard error.code == .noSuchQueue else { throw error }
            return nil
        }
    }

    func delete() throws(TransportError) {
        let url = try url()
        _ = try plainly { () throws(ServiceFailure) in try ask("DeleteQueue", url: url) }
        connection.forgetURL()
    }

    /// The number is what SQS estimates to be there.
    func purge() throws(TransportError) -> Int {
        let url = try url()
        let found = try attributes(url)
        let count = QueueFacts.counts.reduce(0) { $0 + (found.number($1.attribute) ?? 0) }
        do throws(ServiceFailure) {
            _ = try ask("PurgeQueue", url: url)
        } catch {
            // Purged within the last minute, and nothing has come since.
            guard error.code == "PurgeQueueInProgress", count == 0 else { throw error.error }
        }
        return count
    }

    // MARK: - Dead letters

    func redrive(
        _ plan: Redrive, stop: StopFlag, progress: (RedriveProgress) -> Void
    ) throws(TransportError) -> RedriveProgress {
        connection.stop = stop
        return try QueueRedrive(settings: settings, admin: self, opening: opening).run(plan, stop: stop, progress: progress)
    }
}
