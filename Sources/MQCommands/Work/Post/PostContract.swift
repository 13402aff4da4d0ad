/// What the worker that is posted to expects: which headers, and which answers mean that a message is done.
enum PostContract: String, CaseIterable, Sendable {
    /// The headers of this program; any 2xx is done.
    case mq
    /// The worker tier of Elastic Beanstalk: the headers of aws-sqsd, and only 200 is done.
    case eb
}
