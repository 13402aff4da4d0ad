/// What this build says of itself.
enum Build {
    static let version = "0.1.0"
}
