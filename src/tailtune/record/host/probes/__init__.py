"""Short attempts and measurements that find out what this machine permits and how steady it is.

None of them changes a setting of the machine; what they change of themselves ends with their thread or process.
"""
