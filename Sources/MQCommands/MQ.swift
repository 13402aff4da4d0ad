public enum MQ {
    public static func run() {}
}
