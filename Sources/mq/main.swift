import MQCommands

Program.main()
