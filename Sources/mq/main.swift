import MQCommands

MQ.run()
