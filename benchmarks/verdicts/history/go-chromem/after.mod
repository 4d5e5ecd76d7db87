module history

go 1.24

require github.com/philippgille/chromem-go v0.5.0
