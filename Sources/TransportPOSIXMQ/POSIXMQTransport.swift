import MQCore
