package main

import "testing"

func TestSharesMakeTheWhole(t *testing.T) {
	for _, whole := range []int{0, 1, 7, 1500} {
		sum := 0
		for number := range 4 {
			part := share(whole, 4, number)
			if part < whole/4 || part > whole/4+1 {
				t.Errorf("part %d of %d is %d", number, whole, part)
			}
			sum += part
		}
		if sum != whole {
			t.Errorf("the parts of %d make %d", whole, sum)
		}
	}
}
