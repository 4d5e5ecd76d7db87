module history

go 1.24

require github.com/ua-parser/uap-go v0.0.0-20240611065828-3a4781585db6

require (
	github.com/hashicorp/golang-lru v0.5.4 // indirect
	gopkg.in/yaml.v2 v2.2.1 // indirect
)
