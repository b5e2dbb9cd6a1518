#!/bin/sh
# Greets everybody in the list that lies beside this script.
while read -r name; do
  echo "hello, $name"
done <"$(dirname "$0")/names.txt"
