module example.com/specimens

go 1.24
