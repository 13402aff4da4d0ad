/// When a message is settled: after it was dealt with, before, or never.
enum AckTime: String, CaseIterable { case after, before, never }
