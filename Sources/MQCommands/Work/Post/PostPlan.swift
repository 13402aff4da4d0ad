import MQCore
import MQNet

/// How messages are posted.
struct PostPlan: Sendable {
    var urls: [PostURL]
    /// `-j`: requests at once.
    var width = 1
    var contract = PostContract.mq
    /// The address that messages come from, and the name of the queue.
    var queue = ""
    var rules = VerdictRules()
    var headers: [(name: String, value: String)] = []
    var contentType: String?
    var signer: WebhookSigner?
    var timeout = Duration.seconds(60)
    var connectTimeout = Duration.seconds(5)
    /// `--health`: a path at each URL's server, or a URL for all.
    var health: String?
    var healthLimit = Duration.seconds(60)
    var caFile: String?
    var certificateFile: String?
    var keyFile: String?
    /// `--dedup`: ids that are remembered.
    var remembered: Int?

    /// Where to ask whether a URL is well.
    func healthURL(of index: Int) -> String? {
        health.map { $0.hasPrefix("/") ? urls[index].at($0) : $0 }
    }

    var targets: PostTargets.Plan {
        PostTargets.Plan(
            width: width, asksHealth: health != nil, limit: health == nil ? nil : healthLimit,
            // Being asked for its health costs a worker nothing.
            rest: health == nil ? .seconds(1) : .milliseconds(100))
    }

    /// What all requests share.
    func request(_ method: String, _ url: String) -> HTTPRequest {
        var request = HTTPRequest(method, url)
        (request.timeout, request.connectTimeout) = (timeout, connectTimeout)
        (request.caFile, request.certificateFile, request.keyFile) = (caFile, certificateFile, keyFile)
        request.keeps = Reason.detailLimit
        return request
    }
}
