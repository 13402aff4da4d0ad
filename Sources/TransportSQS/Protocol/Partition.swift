internal import MQCore

/// A group of regions with their own domain ("Partitions" in the AWS service model, partitions.json).
struct Partition: Sendable, Equatable {
    struct Variant: OptionSet, Sendable {
        let rawValue: UInt8
        static let fips = Variant(rawValue: 1)
        static let dualStack = Variant(rawValue: 2)
    }

    let name: String
    let suffix: String
    let dualStackSuffix: String?
    /// The ordinary endpoints are FIPS endpoints.
    var isFIPS = false

    private static let standard = Partition(name: "aws", suffix: "amazonaws.com", dualStackSuffix: "api.aws")
    private static let others: [(prefix: String, partition: Partition)] = [
        ("cn-", Partition(name: "aws-cn", suffix: "amazonaws.com.cn", dualStackSuffix: "api.amazonwebservices.com.cn")),
        ("us-gov-", Partition(name: "aws-us-gov", suffix: "amazonaws.com", dualStackSuffix: "api.aws", isFIPS: true)),
        ("us-isob-", Partition(name: "aws-iso-b", suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud", isFIPS: true)),
        ("us-isof-", Partition(name: "aws-iso-f", suffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov", isFIPS: true)),
        ("us-iso-", Partition(name: "aws-iso", suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov", isFIPS: true)),
        ("eu-isoe-", Partition(name: "aws-iso-e", suffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk")),
        ("eusc-", Partition(name: "aws-eusc", suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu")),
    ]

    static func of(region: String) -> Partition { others.first { region.hasPrefix($0.prefix) }?.partition ?? standard }

    /// `https://sqs.eu-west-1.amazonaws.com`
    func endpoint(service: String, region: String, variant: Variant) -> String {
        let needsMark = variant.contains(.fips) && !isFIPS
        let host = variant.contains(.dualStack) ? dualStackSuffix ?? suffix : suffix
        let mark = needsMark || (variant == [.fips, .dualStack]) ? "-fips" : ""
        return "https://\(service)\(mark).\(region).\(host)"
    }

    /// The region in the host of a queue's URL; `nil` for a host that is none of AWS's.
    static func region(ofHost host: String) -> String? {
        let name = host.prefix { $0 != ":" }.lowercased()
        let all = [standard] + others.map(\.partition)
        guard
            let suffix = all.flatMap({ [$0.suffix, $0.dualStackSuffix ?? $0.suffix] }).filter({ name.hasSuffix("." + $0) })
                .max(by: { $0.count < $1.count })
        else { return nil }
        let labels = name.dropLast(suffix.count + 1).split(separator: ".")
        // queue.amazonaws.com, eu-west-1.queue.amazonaws.com: the names before 2013, which still stand in old URLs.
        if labels.last == "queue" { return labels.count == 1 ? "us-east-1" : String(labels[labels.count - 2]) }
        // vpce-1a2b-3c4d.sqs.eu-west-1.vpce.amazonaws.com
        guard let service = labels.firstIndex(where: { $0 == "sqs" || $0 == "sqs-fips" }), service + 1 < labels.count else { return nil }
        return String(labels[service + 1])
    }
}
